"""A derivative of one's own on trial: as a gradient, a vjp or a jvp, of any kind of function."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from purenet import check_grads, compare_grads, fd
from tests.sampling import sample

BATCH, INPUTS, WIDTH = 3, 5, 5
RNG = np.random.default_rng(0)
X, T = RNG.normal(size=(BATCH, INPUTS)), RNG.integers(0, WIDTH, BATCH)
PARAMS = {
    "W1": RNG.normal(size=(INPUTS, WIDTH)),
    "b1": RNG.normal(size=WIDTH),
    "W2": RNG.normal(size=(WIDTH, WIDTH)),
    "b2": RNG.normal(size=WIDTH),
}


def forward(params, x):
    hidden = np.tanh(np.matmul(x, params["W1"]) + params["b1"])
    logits = hidden @ params["W2"] + params["b2"]
    return hidden, logits - np.log(np.sum(np.exp(logits), axis=1, keepdims=True))


def loss(params, x, t):
    _, scores = forward(params, x)
    return -np.mean(scores[np.arange(len(t)), t])


def gradient(params, x, t):
    hidden, scores = forward(params, x)
    d = (np.exp(scores) - np.eye(WIDTH)[t]) / len(t)
    dh = (d @ params["W2"].T) * (1 - hidden**2)
    return {"W1": x.T @ dh, "b1": dh.sum(0), "W2": hidden.T @ d, "b2": d.sum(0)}


def scaled(index, factor):
    def change(g, _):
        g = g.copy()
        g[index] *= factor
        return g

    return change


# what becomes of one leaf's gradient, and what the report says of it; "" where there is no pattern
OF_A_LEAF = [
    ("W1", lambda g, p: BATCH * g, f"given is {BATCH} times the finite difference"),
    ("b2", lambda g, p: BATCH * g, f"given is {BATCH} times the finite difference"),
    ("W2", lambda g, p: g / BATCH, f"given is 1/{BATCH} times the finite difference"),
    ("b1", lambda g, p: g / BATCH, f"given is 1/{BATCH} times the finite difference"),
    ("W1", lambda g, p: -g, "given is minus the finite difference"),
    ("b1", lambda g, p: -g, "given is minus the finite difference"),
    ("W2", lambda g, p: 2 * g, "given is 2 times the finite difference"),
    ("b2", lambda g, p: g / 2, "given is 0.5 times the finite difference"),
    ("W1", lambda g, p: 1.01 * g, "given is 1.01 times the finite difference"),
    ("W2", lambda g, p: (1 + 1e-6) * g, "given is (1 +1e-06) times the finite difference"),
    ("W1", lambda g, p: 0 * g, "given is zero times the finite difference"),
    ("b2", lambda g, p: None, "given is zero times the finite difference"),
    ("W1", lambda g, p: g.T, "given is the finite difference transposed"),
    ("W2", lambda g, p: g.T, "given is the finite difference transposed"),
    ("W1", lambda g, p: np.roll(g, 1, axis=0), "shifted by +1 along axis 0"),
    ("W2", lambda g, p: np.roll(g, -1, axis=1), "shifted by -1 along axis 1"),
    ("b1", lambda g, p: np.roll(g, 1), "shifted by +1 along axis 0"),
    ("W1", lambda g, p: g[::-1], "reversed along axis 0"),
    ("b2", lambda g, p: g[::-1], "reversed along axis 0"),
    ("W2", lambda g, p: g + 0.1 * p, "plus 0.1 times the parameter itself"),
    ("W1", lambda g, p: g + 1e-4 * p, "plus 0.0001 times the parameter itself"),
    ("W1", scaled((3, 2), 3.0), "[3, 2] alone is wrong: 3 times the finite difference"),
    ("W2", scaled((0, 4), -1.0), "[0, 4] alone is wrong: minus the finite difference"),
    ("b1", scaled(2, 1.1), "[2] alone is wrong: 1.1 times the finite difference"),
    ("W1", scaled(3, 2.0), "[3, :] is 2 times the finite difference"),
    ("W2", scaled((slice(None), 1), 0.0), "[:, 1] is zero times the finite difference"),
    ("W2", scaled((2, 2), 1 + 1e-7), ""),
    ("W2", lambda g, p: g**2, ""),
    ("b2", lambda g, p: g + 1e-7, ""),
    ("b1", lambda g, p: np.full_like(g, np.nan), ""),
]


@pytest.mark.parametrize(("name", "change", "pattern"), sample(OF_A_LEAF, every=6))
def test_a_mistake_in_a_given_gradient(name, change, pattern):
    def wrong(params, x, t):
        right = gradient(params, x, t)
        return {**right, name: change(right[name], params[name])}

    report = compare_grads(loss, PARAMS, X, T, gradient=wrong)
    assert [leaf.path for leaf in report.leaves if not leaf.ok] == [f"params['{name}']"]
    assert pattern in str(report)


OF_A_SHAPE = [
    (lambda g: g.sum(), "shape () for params['b1'], of shape (5,)"),
    (lambda g: np.tile(g, (BATCH, 1)), "perhaps a sum over axis 0, the batch, is missing"),
    (lambda g: g[None], "shape (1, 5) for params['b1'], of shape (5,)"),
]


@pytest.mark.parametrize(("change", "sentence"), OF_A_SHAPE)
def test_a_gradient_of_another_shape_disagrees(change, sentence):
    right = gradient(PARAMS, X, T)
    report = compare_grads(loss, PARAMS, X, T, gradient={**right, "b1": change(right["b1"])})
    assert report.verdict == "disagrees"
    assert sentence in str(report)


def affine(x, W, b):
    return np.matmul(x, W) + b


def affine_back(x, W, b, g):
    return g @ W.T, x.T @ g, g.sum(0)


ARRAYS = (X, PARAMS["W1"], PARAMS["b1"])

# vjp(x, W, b, g) of x W + b, the leaf that is wrong, and the pattern
OF_A_VJP = [
    (lambda x, W, b, g: (g @ W, x.T @ g, g.sum(0)), "x", "inputs and outputs exchanged"),
    (lambda x, W, b, g: (-g @ W.T, x.T @ g, g.sum(0)), "x", "minus the finite difference"),
    (lambda x, W, b, g: (g @ W.T, (x.T @ g).T, g.sum(0)), "W", "transposed"),
    (lambda x, W, b, g: (g @ W.T, x.T @ g / len(x), g.sum(0)), "W", f"1/{BATCH} times"),
    (lambda x, W, b, g: (g @ W.T, x.T @ g, g.mean(0)), "b", f"1/{BATCH} times"),
    (lambda x, W, b, g: (g @ W.T, x.T @ g, g[0]), "b", ""),
    (lambda x, W, b, g: (g @ W.T, x.T @ g, None), "b", "zero times"),
    (lambda x, W, b, g: (g @ W.T, np.roll(x.T @ g, 1, 0), g.sum(0)), "W", "shifted by +1"),
    (lambda x, W, b, g: (np.roll(g @ W.T, 1, 1), x.T @ g, g.sum(0)), "x", "shifted by +1"),
    (lambda x, W, b, g: (g @ W.T + 1e-6 * x, x.T @ g, g.sum(0)), "x", ""),
    (lambda x, W, b, g: (g @ W.T, x[::-1].T @ g, g.sum(0)), "W", ""),
    (lambda x, W, b, g: (g @ W.T, x.T @ g * 1.001, g.sum(0)), "W", "1.001 times"),
]


@pytest.mark.parametrize(("vjp", "path", "pattern"), sample(OF_A_VJP, every=4))
def test_a_mistake_in_a_given_vjp(vjp, path, pattern):
    report = compare_grads(affine, *ARRAYS, argnums=(0, 1, 2), vjp=vjp)
    assert [leaf.path for leaf in report.leaves if not leaf.ok] == [path]
    assert pattern in str(report)


# jvp(x, W, b, tangents) of the same
OF_A_JVP = [
    (lambda x, W, b, d: d[0] @ W + d[2], "W", "zero times the finite difference"),
    (lambda x, W, b, d: d[0] @ W + x @ d[1], "b", "zero times the finite difference"),
    (lambda x, W, b, d: d[0] @ W.T + x @ d[1] + d[2], "x", "inputs and outputs exchanged"),
    (lambda x, W, b, d: d[0] @ W - x @ d[1] + d[2], "W", "minus the finite difference"),
    (lambda x, W, b, d: d[0] @ W + x @ d[1] + d[2] / len(x), "b", f"1/{BATCH} times"),
    (lambda x, W, b, d: d[0] @ W + x @ d[1].T + d[2], "W", "transposed"),
    (lambda x, W, b, d: d[0] @ W * (1 + 1e-6) + x @ d[1] + d[2], "x", "(1 +1e-06) times"),
]


@pytest.mark.parametrize(("jvp", "path", "pattern"), sample(OF_A_JVP, every=5))
def test_a_mistake_in_a_given_jvp(jvp, path, pattern):
    report = compare_grads(affine, *ARRAYS, argnums=(0, 1, 2), jvp=jvp)
    assert [leaf.path for leaf in report.leaves if not leaf.ok] == [path]
    assert pattern in str(report)


def by_vjp(rule):
    f = jax.custom_vjp(jnp.sin)
    f.defvjp(lambda x: (jnp.sin(x), x), lambda x, g: (rule(x, g),))
    return f


def by_jvp(rule):
    f = jax.custom_jvp(jnp.sin)
    f.defjvp(lambda primals, tangents: (jnp.sin(primals[0]), rule(primals[0], tangents[0])))
    return f


# a rule of sin, by itself
OF_A_RULE = [
    (by_vjp, lambda x, g: g * jnp.sin(x), ""),
    (by_vjp, lambda x, g: -g * jnp.cos(x), "minus the finite difference"),
    (by_vjp, lambda x, g: g * jnp.cos(x) / x.size, "0.25 times the finite difference"),
    (by_vjp, lambda x, g: jnp.roll(g, 1) * jnp.cos(x), ""),
    (by_vjp, lambda x, g: jnp.cos(x), ""),
    (by_jvp, lambda x, t: jnp.cos(x) * t * 1.001, "1.001 times the finite difference"),
    (by_jvp, lambda x, t: jnp.cos(2 * x) * t, ""),
    (by_jvp, lambda x, t: (jnp.cos(x) * t).at[0].multiply(2.0), "only output 0 of 4"),
    (by_jvp, lambda x, t: jnp.zeros_like(t), "zero times the finite difference"),
]


@pytest.mark.parametrize(("made", "rule", "pattern"), sample(OF_A_RULE, every=5))
def test_a_mistake_in_a_custom_rule(made, rule, pattern, x64):
    report = compare_grads(made(rule), jnp.array([0.3, -1.1, 0.8, 2.0]))
    assert report.verdict == "disagrees"
    assert {leaf.path for leaf in report.leaves if not leaf.ok} == {report.leaves[0].path}
    assert pattern in str(report)


def test_there_are_sixty_mistakes_beside_those_of_the_exhibit():
    every = (OF_A_LEAF, OF_A_SHAPE, OF_A_VJP, OF_A_JVP, OF_A_RULE)
    assert sum(map(len, every)) >= 60


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("kind", ["function", "numbers"])
def test_the_same_gradient_right_is_proved(dtype, kind):
    params = {name: p.astype(dtype) for name, p in PARAMS.items()}
    x = X.astype(dtype)
    given = gradient if kind == "function" else gradient(params, x, T)
    report = check_grads(loss, params, x, T, gradient=given)
    assert report.compared == sum(p.size for p in PARAMS.values())
    assert {leaf.mode for leaf in report.leaves} == {"given"}


def test_the_same_vjp_jvp_and_rules_right_are_proved(x64):
    def jvp(x, W, b, d):
        return d[0] @ W + x @ d[1] + d[2]

    assert check_grads(affine, *ARRAYS, argnums=(0, 1, 2), vjp=affine_back).ok
    assert check_grads(affine, *ARRAYS, argnums=(0, 1, 2), jvp=jvp).ok
    for made in (by_vjp, by_jvp):
        assert check_grads(made(lambda x, g: g * jnp.cos(x)), jnp.array([0.3, -1.1])).ok


def test_a_function_of_jax_with_a_gradient_written_by_hand():
    def f(w, x):
        return jnp.mean(jnp.tanh(x @ w))

    def by_hand(w, x):
        return x.T @ (1 - jnp.tanh(x @ w) ** 2) / len(x)

    w, x = jnp.array([0.5, -1.0]), jax.random.normal(jax.random.key(0), (6, 2))
    report = check_grads(f, w, x, gradient=by_hand)
    assert report.leaves[0].strategy.startswith("dense")
    assert not compare_grads(f, w, x, gradient=lambda w, x: 1.001 * by_hand(w, x)).ok


def test_a_loss_of_jax_in_float32_beside_a_gradient_of_numpy_in_float64():
    def f(params, x, t):
        hidden = jnp.tanh(x @ params["W1"] + params["b1"])
        scores = jax.nn.log_softmax(hidden @ params["W2"] + params["b2"])
        return -jnp.mean(scores[jnp.arange(len(t)), t])

    assert check_grads(f, PARAMS, X, T, gradient=gradient).ok
    assert check_grads(f, PARAMS, X, T, gradient=gradient(PARAMS, X, T)).ok

    def wrong(params, x, t):
        right = gradient(params, x, t)
        return right | {"W2": 1.0001 * right["W2"]}

    report = compare_grads(f, PARAMS, X, T, gradient=wrong)
    assert [leaf.path for leaf in report.leaves if not leaf.ok] == ["params['W2']"]


@pytest.mark.parametrize("seed", range(3))
def test_a_gradient_that_loses_digits_is_held_to_what_it_has(seed, x64):
    """As one written in NumPy may that adds to a buffer of large numbers."""
    w, x = (
        np.random.default_rng([seed, i]).normal(size=size)
        for i, size in enumerate([(6, 4), (5, 6)])
    )

    def loss(w):
        return jnp.sum(jnp.tanh(x @ w) ** 2)

    def gradient(w, factor):
        return (factor * np.asarray(jax.grad(loss)(w)) + 1e6) - 1e6

    assert check_grads(loss, w, gradient=lambda w: gradient(w, 1.0)).compared == 24
    assert compare_grads(loss, w, gradient=lambda w: gradient(w, 1.0001)).verdict == "disagrees"


def test_one_argument_of_a_vjp_and_a_tree_of_outputs():
    def f(x):
        return {"square": np.asarray(x) ** 2, "sum": np.sum(np.asarray(x))}

    def vjp(x, g):
        return 2 * x * g["square"] + g["sum"]

    assert check_grads(f, X[0], vjp=vjp).ok
    jacobian = {"square": np.diag(2 * X[0]), "sum": np.ones(INPUTS)}
    assert check_grads(f, X[0], gradient=jacobian).ok


def test_a_large_jacobian_by_a_weighted_sum_of_its_rows():
    x, W = RNG.normal(size=(40, 4)), RNG.normal(size=(4, 30))
    report = check_grads(np.matmul, x, W, argnums=1, vjp=lambda x, W, g: x.T @ g)
    assert "a weighted sum of the 1200 outputs" in report.method
    wrong = compare_grads(np.matmul, x, W, argnums=1, vjp=lambda x, W, g: 2 * x.T @ g)
    assert "given is 2 times the finite difference" in str(wrong)


def test_a_large_gradient_is_compared_along_directions_and_bisected():
    w = RNG.normal(size=3000)
    report = check_grads(lambda w: np.sum(np.sin(w)), w, gradient=np.cos, budget=0)
    assert report.directions == 10
    wrong = compare_grads(
        lambda w: np.sum(np.sin(w)),
        w,
        gradient=lambda w: scaled(1234, 1.01)(np.cos(w), w),
        budget=0,
    )
    assert [culprit.path for culprit in wrong.culprits] == ["w[1234]"]
    assert "given" in str(wrong.culprits[0])


def test_a_kink_excuses_any_value_between_its_sides():
    w = np.array([1.0, 0.0])

    def f(w):
        return np.sum(np.maximum(w, 0))

    report = check_grads(f, w, gradient=np.array([1.0, 0.5]))
    assert report.leaves[0].excused == ("w[1]: kink, left 0, right 1, given 0.5",)
    assert not compare_grads(f, w, gradient=np.array([1.0, 1.5])).ok


def test_the_report_says_given_where_jax_stands():
    report = compare_grads(
        loss, PARAMS, X, T, gradient=lambda *args: gradient(*args) | {"b1": None}
    )
    for shown in (str(report), report._repr_html_()):
        assert "the given derivative disagrees at" in shown
        assert "jax" not in shown
    document = json.loads(report.to_json())
    assert document["side"] == "given"
    assert {"by_given", "by_differences"} <= set(document["leaves"][0]["worst"])


def test_every_argument_is_a_fresh_writable_copy():
    def f(w, x):
        w *= x
        x[:] = 0
        return float(np.sum(w))

    w, x = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    assert check_grads(f, w, x, gradient=lambda w, x: x.copy()).ok
    np.testing.assert_array_equal([*w, *x], [1, 2, 3, 4])


def test_what_jax_cannot_trace_needs_a_derivative():
    with pytest.raises(
        TypeError, match=r"got loss, which JAX cannot trace, .*\(test_given.py:\d+\)"
    ) as caught:
        check_grads(loss, PARAMS, X, T)
    assert "check_grads(loss, params, ..., gradient=my_gradient)" in str(caught.value)
    with pytest.raises(TypeError, match="gradient=my_gradient"):
        check_grads(lambda w: w.item(), jnp.ones(()))


def test_a_mistake_of_the_function_itself_comes_through():
    with pytest.raises(KeyError, match="W3"):
        check_grads(lambda params: float(params["W3"]), PARAMS, gradient=PARAMS)
    with pytest.raises(KeyError, match="W3"):
        check_grads(lambda params: params["W3"], PARAMS)


def test_a_loss_that_reads_its_object_is_told_what_to_do():
    class Net:
        W = np.ones(3)

        def loss(self, x):
            return float(np.sum(np.tanh(self.W * x)))

    net, x = Net(), np.arange(3.0)
    report = compare_grads(lambda W: net.loss(x), net.W, gradient=lambda W: x)
    assert "ignores W; the value comes from the captured array" in str(report)
    assert "purenet.pure_version(loss, W)" in str(report)

    def loss_of(W):
        net.W = W
        return net.loss(x)

    assert check_grads(loss_of, net.W, gradient=lambda W: x * (1 - np.tanh(W * x) ** 2)).ok


def test_float32_inside_is_named_and_allowed_for():
    def f(w):
        narrow = w.astype(np.float32)
        return float(np.sum(np.sin(narrow)))

    report = check_grads(f, np.array([0.3, -1.2, 0.5]), gradient=np.cos)
    (note,) = report.notes
    assert note.startswith("f rounds to float32: narrow in ")
    assert not compare_grads(f, np.array([0.3, -1.2]), gradient=lambda w: 1.01 * np.cos(w)).ok


def test_a_loss_that_is_not_deterministic_is_said_to_be():
    noise = np.random.default_rng(0)
    report = compare_grads(lambda w: float(w.sum() + noise.normal()), X[0], gradient=X[0])
    assert "is not deterministic" in str(report)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"gradient": X, "vjp": affine}, TypeError, "got gradient and vjp; wanted one derivative"),
        ({"vjp": X}, TypeError, "got vjp of type ndarray; wanted a function"),
        ({"gradient": {"W1": X}}, TypeError, "wanted that of the differentiated arguments"),
        ({"gradient": gradient, "order": 2}, ValueError, "got order=2 with gradient"),
        ({"gradient": gradient, "modes": ("rev",)}, ValueError, "got modes=.* with gradient"),
        ({"strategy": "host"}, ValueError, "got strategy='host'; wanted"),
    ],
)
def test_a_call_that_cannot_be_meant_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        check_grads(loss, PARAMS, X, T, **options)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"gradient": np.array([1j, 2.0])}, "got a given gradient of dtype complex128 for w, of"),
        ({"gradient": np.array(["a", "b"])}, "got a given gradient of type ndarray for w, of"),
        ({"gradient": jax.random.key(0)}, "got a given gradient of type PRNGKeyArray for w"),
        ({"gradient": lambda w: "a"}, "got a given gradient of type str for w, of dtype float"),
        ({"vjp": lambda w, c: "a"}, "got a given vjp of type str for w, of dtype float"),
        ({"jvp": lambda w, t: None}, "got a given jvp of type NoneType for the output, of dtype"),
    ],
)
def test_what_can_be_no_derivative_is_refused(given, message):
    with pytest.raises(TypeError, match=f"{message}.*; wanted numbers .*; return an array of its"):
        compare_grads(lambda w: jnp.sum(w**2), np.ones(2), **given)


def test_an_error_of_the_given_function_says_whose_it_is():
    def broken(params, x, t):
        raise ArithmeticError("no")

    with pytest.raises(ArithmeticError, match="no") as caught:
        check_grads(loss, PARAMS, X, T, gradient=broken)
    assert caught.value.__notes__ == ["purenet: raised by the given gradient"]


def test_the_fixture_takes_them_too(check_grads):
    assert check_grads(loss, PARAMS, X, T, gradient=gradient).ok


class TestPyTorch:
    """The same call on tensors."""

    torch = None

    @pytest.fixture(autouse=True)
    def import_torch(self):
        self.torch = pytest.importorskip("torch")

    def module(self, dtype=None):
        torch = self.torch
        torch.manual_seed(0)
        net = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Tanh(), torch.nn.Linear(3, 2))
        net = net.to(dtype or torch.float32)
        x = torch.randn(6, 4, dtype=dtype or torch.float32)

        def of_module(params, x):
            return torch.func.functional_call(net, params, (x,)).pow(2).mean()

        def grads(params, x):
            params = {name: p.requires_grad_() for name, p in params.items()}
            of_module(params, x).backward()
            return {name: p.grad for name, p in params.items()}

        return of_module, grads, dict(net.named_parameters()), x

    def test_grad_of_a_module(self):
        of_module, grads, params, x = self.module()
        before = {name: p.detach().clone() for name, p in params.items()}
        report = check_grads(of_module, params, x, gradient=grads)
        assert report.compared == 23
        wrong = compare_grads(
            of_module,
            params,
            x,
            gradient=lambda p, x: {**(g := grads(p, x)), "0.bias": -g["0.bias"]},
        )
        assert "params['0.bias']: given is minus the finite difference" in str(wrong)
        assert all(self.torch.equal(params[name], p) for name, p in before.items())

    def test_an_autograd_function(self):
        torch = self.torch

        class Square(torch.autograd.Function):
            factor = 2.0

            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x**2

            @staticmethod
            def backward(ctx, g):
                (x,) = ctx.saved_tensors
                return Square.factor * x * g

        def vjp(x, g):
            return torch.autograd.grad(Square.apply(x.requires_grad_()), x, g)

        x = torch.tensor([0.5, -1.0, 2.0], dtype=torch.float64)
        assert check_grads(Square.apply, x, vjp=vjp).ok
        Square.factor = 2.0 * (1 + 1e-5)
        assert torch.autograd.gradcheck(Square.apply, (x.requires_grad_(),), raise_exception=False)
        assert "(1 +1e-05) times" in str(compare_grads(Square.apply, x.detach(), vjp=vjp))

    def test_without_a_gradient_the_call_is_shown(self):
        of_module, _, params, x = self.module()
        with pytest.raises(TypeError, match=r"its arguments are PyTorch's.*gradient=my_gradient"):
            check_grads(of_module, params, x)

    def test_tensors_for_a_function_of_jax_are_named(self):
        jax_loss, tensor = lambda w: jnp.sum(w**2), self.torch.ones(3)
        message = "got tensors of PyTorch for <lambda>, which hands them to JAX; .*jax.numpy.asarr"
        for check in (compare_grads, lambda loss, w: fd.grad(loss)(w)):
            with pytest.raises(TypeError, match=message):
                check(jax_loss, tensor)


def masked(dtype):
    """A loss that drops units by a key, computed in fewer digits than its parameters."""

    def loss(w, x, key):
        kept = jax.random.bernoulli(key, 0.5, (5,)) * jax.random.normal(key, (5,))
        hidden = jnp.tanh(x.astype(dtype) @ w.astype(dtype)).astype(jnp.float32)
        return jnp.mean((hidden * kept) ** 2)

    w = jnp.linspace(-0.5, 0.7, 15, dtype=jnp.float32).reshape(3, 5)
    return loss, (w, jnp.linspace(-1, 1, 12, dtype=jnp.float32).reshape(4, 3), jax.random.key(0))


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_a_gradient_with_random_numbers_or_casts_is_the_program_of_the_caller_s_dtypes(dtype):
    loss, args = masked(dtype)
    assert check_grads(loss, *args, gradient=jax.grad(loss)).ok

    def backward(w, x, key, cotangent):
        return cotangent * jax.grad(loss)(w, x, key)

    assert check_grads(loss, *args, vjp=backward).ok

    def forward(w, x, key, tangent):
        return jax.jvp(lambda w: loss(w, x, key), (w,), (tangent,))[1]

    assert check_grads(loss, *args, jvp=forward).ok
    wrong = lambda *args: 1.01 * jax.grad(loss)(*args)  # noqa: E731
    assert compare_grads(loss, *args, gradient=wrong).verdict == "disagrees"


def test_numbers_summed_up_in_float32_over_a_large_batch_do_not_disagree():
    """They are off by up to twelve roundings, of which the check sees no more than the numbers."""
    draw = np.random.default_rng(2)
    x, t, w = draw.normal(size=(2000, 5)), draw.normal(size=2000), draw.normal(size=5)
    w = w.astype(np.float32)
    total = np.zeros(5, np.float32)
    for row, wanted in zip(x.astype(np.float32), t.astype(np.float32), strict=True):
        y = np.tanh(row @ w)
        total += (y - wanted) * (1 - y * y) * row

    def squares(w):
        return 0.5 * np.sum((np.tanh(x @ w) - t) ** 2)

    assert compare_grads(squares, w, gradient=total).verdict == "agrees"


def test_numbers_from_a_loss_that_computes_in_fewer_digits_do_not_disagree():
    loss, args = masked(jnp.bfloat16)
    numbers = jax.grad(loss)(*args)
    assert compare_grads(loss, *args, gradient=numbers).verdict == "undecided"
    assert compare_grads(loss, *args, gradient=-numbers).verdict == "disagrees"
