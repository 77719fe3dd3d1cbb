"""What a data set is: images and labels, to train and to test on."""

from typing import NamedTuple

import numpy as np


class Dataset(NamedTuple):
    """Images and labels, for training and for testing.

    Attributes:
        x_train: float64 images in [0, 1], one flattened image a row: (train, pixels).
        t_train: int64 labels, (train,).
        x_test: (test, pixels).
        t_test: (test,).
    """

    x_train: np.ndarray
    t_train: np.ndarray
    x_test: np.ndarray
    t_test: np.ndarray
