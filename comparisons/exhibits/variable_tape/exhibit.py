"""A define-by-run tape keeps its gradients: a second backward doubles them.

There is no 2 x 2 ablation here: the tape's functions do read their argument. What they share is
where the gradient goes, and the second backward is the experiment on that.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np

from comparisons.claims import Claim, close, equal
from comparisons.exhibition import Exhibition
from comparisons.exhibits.variable_tape import audits, pure
from comparisons.exhibits.variable_tape.mutating import Add, Exp, Square, Variable, numerical_diff
from comparisons.settings import Settings
from purenet import fd, nn

_X = 0.5


def run(settings: Settings) -> Exhibition:
    """Add, differentiate, differentiate again, and go on to the third derivative."""
    del settings
    examined, diagnoses = audits.run(composed, _X)
    claims = [*_second_backward(), *_higher_derivatives(), *_first_derivatives(), *_forward()]
    title = (__doc__ or "").splitlines()[0]
    return Exhibition("variable_tape", title, (*claims, *diagnoses), audits=tuple(examined))


def composed(x: Variable) -> Variable:
    """(e^(x²))² on the tape."""
    return Square()(Exp()(Square()([x])))[0]


def _forward() -> list[Claim]:
    (y,) = Add()([Variable(np.array(2)), Variable(np.array(3))])
    return [
        equal("Add of 2 and 3 is 5", mutating=y.data, pure=nn.add(2, 3), expected=5),
        equal("the pure add takes any number of terms", pure=nn.add(1, 2, 3, 4), expected=10),
    ]


def _first_derivatives() -> list[Claim]:
    x = Variable(np.array(_X))
    composed(x).backward()
    exact = 4 * _X * math.exp(2 * _X**2)
    x0, x1 = Variable(np.array(2.0)), Variable(np.array(3.0))
    Add()([Square()([x0])[0], Square()([x1])[0]])[0].backward()
    x_shared = Variable(np.array(2.0))
    (a,) = Square()([x_shared])
    Add()([a, Square()([a])[0]])[0].backward()
    twice = Variable(np.array(3.0))
    Add()([twice, twice])[0].backward()
    return [
        close(
            "backward gives the derivative of (e^(x²))² at 0.5",
            mutating=x.grad,
            pure=pure.backward(pure.composed, _X)[0],
            expected=exact,
            tolerance=1e-14,
        ),
        close(
            "so do numerical_diff, with eps = 1e-4, and fd.grad",
            mutating=numerical_diff(composed, Variable(np.array(_X))),
            pure=fd.grad(pure.composed)(_X),
            expected=exact,
            tolerance=1e-6,
        ),
        close(
            "backward of two inputs: x0² + x1² at 2 and 3 has the gradient (4, 6)",
            mutating=[x0.grad, x1.grad],
            pure=pure.backward(pure.sum_of_squares, 2.0, 3.0),
            expected=[4.0, 6.0],
            tolerance=1e-14,
        ),
        equal(
            "a shared intermediate value: the derivative of a + a², with a = x², is 36 at 2",
            mutating=x_shared.grad,
            pure=jax.grad(lambda x: nn.add(nn.square(x), nn.square(nn.square(x))))(2.0),
            expected=36.0,
        ),
        equal(
            "one variable used twice: the derivative of x + x is 2",
            mutating=twice.grad,
            pure=jax.grad(lambda x: nn.add(x, x))(3.0),
            expected=2.0,
        ),
    ]


def _second_backward() -> list[Claim]:
    x = Variable(np.array(3.0))
    (y,) = Square()([x])
    y.backward()
    first = x.grad
    y.backward()
    return [
        equal(
            "the first backward of x² at 3 gives 6",
            mutating=first,
            pure=pure.backward(nn.square, 3.0)[0],
            expected=6.0,
        ),
        equal(
            "a second backward gives 12: it adds to the gradient that is there",
            mutating=x.grad,
            expected=12.0,
        ),
        equal(
            "the pure gradient is 6 both times",
            pure=[pure.backward(nn.square, 3.0)[0], pure.backward(nn.square, 3.0)[0]],
            expected=[6.0, 6.0],
        ),
    ]


def _higher_derivatives() -> list[Claim]:
    x = Variable(np.array(_X))
    composed(x).backward()
    on_tape = isinstance(x.grad, Variable)
    second = jax.grad(jax.grad(pure.composed))(_X)
    third = jax.grad(jax.grad(jax.grad(pure.composed)))(_X)
    e = math.exp(2 * _X**2)
    return [
        equal(
            "the tape's gradient is not on the tape: it has no second derivative",
            mutating=on_tape,
            expected=False,
        ),
        close(
            "jax.grad of jax.grad is the second derivative",
            pure=second,
            expected=(4 + 16 * _X**2) * e,
            tolerance=1e-13,
        ),
        close(
            "jax.grad three times over is the third derivative",
            pure=third,
            expected=(48 * _X + 64 * _X**3) * e,
            tolerance=1e-12,
        ),
        close(
            "fd.grad of jax.grad is the second derivative too",
            pure=fd.grad(jax.grad(pure.composed))(jnp.asarray(_X)),
            expected=(4 + 16 * _X**2) * e,
            tolerance=1e-7,
        ),
    ]
