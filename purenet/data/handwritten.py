"""The handwritten digits that come with scikit-learn."""

import numpy as np

from purenet.data.dataset import Dataset


def digits(*, test: int = 360, seed: int = 0) -> Dataset:
    """The 1,797 handwritten digits of 8x8 pixels that come with scikit-learn.

    Args:
        test: how many of them, drawn by permutation, are for testing.
        seed: of that permutation.

    Returns:
        A `Dataset` of 64 pixels an image, grey values divided by their maximum, 16.

    Raises:
        ModuleNotFoundError: where scikit-learn is not installed.
        ValueError: where test leaves nothing to train or to test on, or seed is no whole number.

    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI, 1998.

    >>> digits().x_train.shape
    (1437, 64)
    """
    try:
        from sklearn.datasets import load_digits
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "got no scikit-learn, with which the digits come; wanted it installed; "
            "run pip install 'purenet[compare]'"
        ) from error
    x, t = load_digits(return_X_y=True)
    if not isinstance(test, int) or not 0 < test < len(x):
        raise ValueError(
            f"got test={test!r}; wanted between 1 and {len(x) - 1} of the {len(x)} digits for "
            "testing; leave test out for 360"
        )
    if not isinstance(seed, int) or seed < 0:
        raise ValueError(f"got seed={seed!r}; wanted a whole number from 0; leave seed out for 0")
    order = np.random.default_rng(seed).permutation(len(x))
    x, t = x[order] / 16.0, t[order].astype(np.int64)
    return Dataset(x[test:], t[test:], x[:test], t[:test])
