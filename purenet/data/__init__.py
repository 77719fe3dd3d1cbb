"""Real data as NumPy arrays: digits, MNIST and Fashion-MNIST; batches; nothing is downloaded."""

from purenet.data.batching import batches as batches
from purenet.data.dataset import Dataset as Dataset
from purenet.data.handwritten import digits as digits
from purenet.data.idx import fashion_mnist as fashion_mnist
from purenet.data.idx import mnist as mnist
