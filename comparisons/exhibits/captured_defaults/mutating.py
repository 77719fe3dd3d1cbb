"""The mutating original: a positional encoding as a list of lambdas built in a loop."""

import numpy as np


def build_embedding(freqs, p_fns=(np.sin, np.cos)):
    """One lambda a frequency and function; the defaults keep the pair each was built with."""
    embed_fns = []
    for freq in freqs:
        for p_fn in p_fns:
            embed_fns.append(lambda x, p_fn=p_fn, freq=freq: p_fn(x * freq))
    return embed_fns


def build_embedding_without_defaults(freqs, p_fns=(np.sin, np.cos)):
    """The same without the defaults: every lambda reads the loop's variables when it is called."""
    embed_fns = []
    for freq in freqs:
        for p_fn in p_fns:
            embed_fns.append(lambda x: p_fn(x * freq))
    return embed_fns


def embed(embed_fns, x):
    """The values of all lambdas at x, along a new last axis."""
    return np.stack([fn(x) for fn in embed_fns], axis=-1)


class LoopVariables:
    """The variables of a loop, kept where a lambda can read them after the loop has moved on."""

    def __init__(self, p_fn, freq):
        self.p_fn = p_fn
        self.freq = freq

    def feature(self):
        """A lambda of x and freq that ignores freq: it reads the loop's."""
        return lambda x, freq: self.p_fn(x * self.freq)
