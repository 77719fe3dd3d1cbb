"""NumPy losses that change attributes, globals, containers and iterators."""

# pyright: reportFunctionMemberAccess=false
# a function with an attribute of its own is one of the programs

import itertools
from dataclasses import dataclass

import numpy as np

from comparisons.measures.purity.programs.program import drawn, program

LOG = {"loss": 0.0, "name": "run"}
CALLS = 0


class Net:
    total = 0

    def __init__(self):
        self.count = 0
        self.running_mean = np.zeros(2)
        self.W = drawn(1, 3, 2)

    def counted(self, W, x):
        self.count += 1
        return np.mean((x @ W) ** 2)

    def counted_by_the_class(self, W, x):
        Net.total += 1
        return np.mean((x @ W) ** 2)

    def normalised(self, W, x):
        h = x @ W
        self.running_mean = 0.9 * self.running_mean + 0.1 * h.mean(axis=0)
        return np.mean(np.tanh(h - h.mean(axis=0)) ** 4)

    def remembering(self, W, x):
        self.out = np.tanh(x @ W)
        return np.mean(self.out**2)

    def loss(self, x):
        return np.mean((x @ self.W) ** 2)


@dataclass(frozen=True)
class Settings:
    decay: float
    calls: int = 0


@program(("mutates-state", "self.count"))
def a_counter_in_an_attribute():
    """A method counts its calls."""
    return Net().counted, (drawn(2, 3, 2), drawn(3, 5, 3))


@program(("mutates-state", "Net.total"))
def a_counter_in_the_class():
    """The calls of all nets are counted together."""
    return Net().counted_by_the_class, (drawn(2, 3, 2), drawn(3, 5, 3))


@program(("mutates-state", "net.running_mean"))
def a_running_mean():
    """Batch normalisation of the object-style kind; the value does not even use the mean."""
    net, x = Net(), drawn(3, 5, 3)
    return lambda W: net.normalised(W, x), (drawn(2, 3, 2),)


@program(("mutates-state", "self.out"))
def a_layer_that_remembers_its_output():
    """For a backward pass: each call with other weights leaves another array behind."""
    return Net().remembering, (drawn(2, 3, 2), drawn(3, 5, 3))


@program(("mutates-state", "net.W"))
def assigned_before_the_call():
    """The published fix of the lambda: it follows its argument, and leaves the net changed."""
    net, x = Net(), drawn(3, 5, 3)

    def loss(W):
        net.W = W
        return net.loss(x)

    return loss, (drawn(2, 3, 2),)


@program(("mutates-state", "history"))
def a_history_of_losses():
    """Every call appends to a list of the closure."""
    history, x = [], drawn(3, 5, 3)

    def loss(w):
        value = float(np.mean((x @ w) ** 2))
        history.append(value)
        return value

    return loss, (drawn(2, 3),)


@program(("mutates-state", "LOG['loss']"))
def an_entry_of_a_global_dictionary():
    """One entry of two is overwritten."""
    LOG["loss"] = 0.0

    def loss(w, x):
        LOG["loss"] = float(np.mean((x @ w) ** 2))
        return LOG["loss"]

    return loss, (drawn(2, 3), drawn(3, 5, 3))


@program(("mutates-state", "CALLS"))
def a_global_counter():
    """A number of the module, by a global statement."""

    def loss(w):
        global CALLS
        CALLS += 1
        return np.sum(w**2)

    return loss, (drawn(2, 3),)


@program(("mutates-state", "calls"))
def a_nonlocal_counter():
    """A number of the enclosing function."""
    calls = 0

    def loss(w):
        nonlocal calls
        calls = calls + 1
        return np.sum(np.sin(w))

    return loss, (drawn(2, 3),)


@program(("mutates-state", "annealing"))
def a_schedule_that_advances_by_itself():
    """The penalty grows with the number of calls: two calls differ, but not from equal states."""
    annealing = 0.0

    def loss(w):
        nonlocal annealing
        annealing += 0.1
        return np.sum(w**2) * annealing

    return loss, (drawn(2, 3),)


@program(("mutates-state", "loss.calls"))
def an_attribute_of_the_function():
    """The function counts in its own attribute."""

    def loss(w):
        loss.calls += 1
        return np.sum(np.cos(w))

    loss.calls = 0
    return loss, (drawn(2, 3),)


@program(("mutates-state", "seen"))
def a_mutable_default():
    """A list made once, when the function was defined."""

    def loss(w, seen=[]):
        seen.append(len(seen))
        return np.sum(w**2)

    return loss, (drawn(2, 3),)


@program(("mutates-state", "buffer"))
def a_scratch_buffer():
    """The product is written into an array of the closure, to save an allocation."""
    buffer, x = np.empty((5, 2)), drawn(3, 5, 3)

    def loss(W):
        np.matmul(x, W, out=buffer)
        np.tanh(buffer, out=buffer)
        return np.sum(buffer**2)

    return loss, (drawn(2, 3, 2),)


@program(("mutates-state", "batches"))
def a_generator_of_batches():
    """Each call takes the next batch of a Python generator, which cannot be copied."""

    def endless():
        for seed in itertools.count():
            yield drawn(seed, 5, 3)

    batches = endless()

    def loss(w):
        return np.mean((next(batches) @ w) ** 2)

    return loss, (drawn(2, 3),)


@program(("mutates-state", "settings.calls"))
def a_frozen_dataclass_thawed():
    """object.__setattr__ goes around the freezing."""
    settings = Settings(decay=0.1)

    def loss(w):
        object.__setattr__(settings, "calls", settings.calls + 1)
        return settings.decay * np.sum(w**2)

    return loss, (drawn(2, 3),)


@program(("mutates-state", "counts['loss']"))
def two_calls_deep():
    """The loss calls a helper, which calls one that counts, all in the same closure."""
    counts = {"loss": 0}

    def counted():
        counts["loss"] += 1

    def penalty(w):
        counted()
        return np.sum(w**2)

    return lambda w: penalty(w) if counts["loss"] < 1000 else 0.0, (drawn(2, 3),)
