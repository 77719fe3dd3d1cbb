"""Layers, activations, losses, initialisers and models, all of them pure functions."""

from purenet.nn import initializers as initializers
from purenet.nn.activations import relu as relu
from purenet.nn.activations import sigmoid as sigmoid
from purenet.nn.activations import softmax as softmax
from purenet.nn.activations import tanh as tanh
from purenet.nn.encodings import positional_encoding as positional_encoding
from purenet.nn.layers import linear as linear
from purenet.nn.layers import linear_transposed as linear_transposed
from purenet.nn.losses import cross_entropy as cross_entropy
from purenet.nn.losses import loss_fn as loss_fn
from purenet.nn.losses import mean_squared_error as mean_squared_error
from purenet.nn.losses import softmax_cross_entropy as softmax_cross_entropy
from purenet.nn.models import Model as Model
from purenet.nn.models import addition_net as addition_net
from purenet.nn.models import linear_model as linear_model
from purenet.nn.models import mlp as mlp
from purenet.nn.models import simple_net as simple_net
from purenet.nn.models import two_layer_net as two_layer_net
from purenet.nn.operations import add as add
from purenet.nn.operations import exp as exp
from purenet.nn.operations import square as square
