"""check_grads and compare_grads: what is refused, what is passed, and what the report says."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import purenet
from tests.check.planted import network, planted, planted_leaf, scaled_at
from tests.sampling import sample


def with_plant(plant, **sizes):
    loss, params, x, t = network(**sizes)
    return lambda p, x, t: loss(plant(p), x, t), params, x, t


@pytest.mark.parametrize("double", sample([False, True], every=2))
def test_a_right_gradient_agrees_at_every_coordinate(double):
    with jax.enable_x64(double):
        loss, params, x, t = network()
        params = jax.tree.map(lambda p: jnp.asarray(p, float), params)
        report = purenet.check_grads(loss, params, x, t)
    assert report.ok
    assert report.compared == (30 + 15 + 5 + 3) + report.directions
    assert {leaf.path for leaf in report.leaves} == {
        f"params['{n}']" for n in ("W1", "W2", "b1", "b2")
    }
    assert {leaf.mode for leaf in report.leaves} == {"rev"}
    assert str(report).startswith(
        "model_loss: jax agrees at all 53 derivatives compared and along 10 random directions"
    )


@pytest.mark.parametrize(("double", "off"), sample([(True, 1e-6), (False, 3e-5)], every=2))
def test_one_coordinate_slightly_wrong_is_found_and_named(double, off):
    with jax.enable_x64(double):
        args = with_plant(planted_leaf("W1", scaled_at((3, 4), 1 + off)))
        with pytest.raises(purenet.GradientMismatch) as raised:
            purenet.check_grads(*args)
    report = raised.value.report
    assert isinstance(raised.value, AssertionError)
    (wrong,) = [leaf for leaf in report.leaves if not leaf.ok]
    assert (wrong.path, wrong.disagreeing) == ("p['W1']", 1)
    assert wrong.worst is not None
    assert wrong.worst.path == "p['W1'][3, 4]"
    assert wrong.worst.by_jax / wrong.worst.by_differences == pytest.approx(1 + off, rel=2e-7)
    assert wrong.worst.bounds > 1
    message = str(raised.value)
    assert "jax disagrees at 1 of 53 derivatives" in message
    assert "p['W1'][3, 4]: jax " in message
    assert "[3, 4] alone is wrong: (1 +" in message


def test_the_planted_identity_by_itself_is_no_mistake(x64):
    assert purenet.compare_grads(*with_plant(planted(lambda g: g))).ok


def test_a_loss_that_ignores_its_argument_is_refused_with_what_it_reads():
    class Net:
        def __init__(self):
            self.W = np.arange(6.0).reshape(2, 3)

        def loss(self, x):
            return float((x @ self.W).sum())

    net, x = Net(), np.ones((1, 2))
    with pytest.raises(purenet.GradientMismatch) as raised:
        purenet.check_grads(lambda W: net.loss(x), net.W)
    assert "ignores W; the value comes from the captured array `net.W`" in str(raised.value)
    assert "read W in place of `net.W`" in str(raised.value)
    assert raised.value.report.compared == 0


def test_each_ignored_leaf_is_named_and_can_be_allowed():
    params = {"W1": jnp.ones(3), "W2": jnp.ones(2)}

    def loss(params):
        return jnp.sum(params["W2"] ** 3)

    report = purenet.compare_grads(loss, params)
    assert not report.ok
    (failure,) = report.failures
    assert failure.startswith("loss ignores params['W1']: nothing that it computes reads it")
    assert [leaf.verdict for leaf in report.leaves if leaf.mode == "rev"] == ["ignored", "agrees"]
    assert purenet.compare_grads(loss, params, allow_unused=True).ok


def test_what_stop_gradient_holds_is_said_and_is_no_mistake():
    def loss(params):
        return jnp.sum(jax.lax.stop_gradient(params["frozen"]) * params["free"])

    report = purenet.check_grads(loss, {"frozen": jnp.ones(3), "free": jnp.ones(3)})
    assert {leaf.path: leaf.verdict for leaf in report.leaves} == {
        "params['frozen']": "held constant",
        "params['free']": "agrees",
    }


def test_a_derivative_that_is_zero_everywhere_is_remarked():
    report = purenet.check_grads(lambda x: jnp.sum(jax.nn.relu(x)), jnp.array([-0.3, -1.7]))
    assert {leaf.verdict for leaf in report.leaves} == {"zero on both sides"}
    assert "all derivatives are zero on both sides" in str(report)


def test_a_loss_that_is_not_deterministic_is_reported_as_such():
    draws = np.random.default_rng(0)
    report = purenet.compare_grads(lambda x: jnp.sum(x) * draws.normal(), jnp.ones(2))
    assert not report.ok
    assert report.leaves == ()
    assert "is not deterministic: two calls on equal inputs gave" in str(report)
    assert "pass randomness in as a key" in str(report)


def test_a_loss_of_another_structure_on_the_second_call_is_reported_as_such():
    calls = []

    def loss(x):
        calls.append(x)
        value = jnp.sum(x)
        return value if len(calls) == 1 else {"value": value}

    for given in ({}, {"gradient": np.ones(2), "strategy": "host"}):
        report = purenet.compare_grads(loss, np.ones(2), **given)
        (failure,) = report.failures
        assert failure.startswith("loss is not deterministic: two calls on equal inputs gave float")
        assert "and {'value': 'float" in failure
        calls.clear()


def test_outputs_without_a_number_are_proved_right():
    assert purenet.check_grads(lambda x: [x, jnp.sin(x)], jnp.ones((0, 3)), allow_unused=True).ok


def test_floats_of_eight_bits_are_checked_in_64():
    def loss(x):
        return jnp.sum(x.astype(jnp.float32) ** 2)

    x = jnp.array([0.5, 1.5], jnp.float8_e5m2)
    (leaf,) = purenet.check_grads(loss, x).leaves
    assert (leaf.verdict, leaf.largest) == ("agrees", 3.0)
    assert not purenet.compare_grads(loss, x, gradient=np.array([1.0, 3.1])).ok


def test_vector_functions_of_any_tree_in_both_modes():
    def function(a, b):
        return {"product": a[:, None] * b, "sum": jnp.sum(a), "which": jnp.argmax(b)}

    report = purenet.check_grads(function, jnp.ones(2), jnp.ones(3), argnums=(0, 1))
    assert [leaf.path for leaf in report.leaves] == ["a", "b"]
    assert report.compared == 7 * 5 + report.directions


def test_a_vector_function_wrong_in_one_output_is_told_from_the_others():
    @jax.custom_jvp
    def function(x):
        return x**2

    function.defjvps(lambda t, ans, x: (2 * x * t).at[1].multiply(1.5))
    report = purenet.compare_grads(function, jnp.arange(1.0, 4.0))
    wrong = report.leaves[0]
    assert wrong.worst is not None
    assert (wrong.worst.path, wrong.worst.output) == ("x[1]", "output 1")
    assert wrong.patterns == ("only output 1 of 3 are wrong",)


def test_many_outputs_are_summed_with_weights_that_hide_none(x64):
    @jax.custom_jvp
    def function(x):
        return jnp.sin(x)

    function.defjvps(lambda t, ans, x: (jnp.cos(x) * t).at[17].multiply(1 + 1e-6))
    x = jnp.linspace(0.1, 1.0, 300)
    assert purenet.check_grads(jnp.sin, x).ok
    report = purenet.compare_grads(function, x)
    assert [leaf.worst.path for leaf in report.leaves if leaf.worst and not leaf.ok] == ["x[17]"]
    assert "a weighted sum of the 300 outputs" in report.method


@pytest.mark.parametrize("size", [3, 300])
def test_a_forward_rule_that_is_wrong_alone_is_found(size, x64):
    @jax.custom_jvp
    def squares(x):
        return jnp.sum(x**2)

    @squares.defjvp
    def _(primals, tangents):
        (x,), (t,) = primals, tangents
        wrong = jnp.ones_like(x).at[1].set(1.01)
        forward = lambda x, t: jnp.sum(2 * wrong * x * t)  # noqa: E731
        return squares(x), jax.custom_derivatives.linear_call(
            forward, lambda x, ct: 2 * x * ct, x, t
        )

    x = jnp.linspace(1.0, 2.0, size)
    assert purenet.check_grads(squares, x, modes=("rev",)).ok
    report = purenet.compare_grads(squares, x)
    assert not report.ok
    assert report.worst is not None
    assert report.worst.path == "x[1]"
    assert "fwd" in str(report)


def test_second_order(x64):
    args = (lambda p: jnp.sum(jnp.sin(p["a"]) * p["b"]), {"a": jnp.ones(2), "b": jnp.ones(2)})
    report = purenet.check_grads(*args, order=2)
    assert {leaf.mode for leaf in report.leaves} == {"rev", "rev of its gradient"}
    assert report.directions == 20


def test_a_rule_right_to_first_order_alone_is_found_at_the_second(x64):
    @jax.custom_jvp
    def squared(x):
        return x**2

    squared.defjvps(lambda t, ans, x: 2.1 * x * t)

    @jax.custom_jvp
    def cubed(x):
        return x**3

    cubed.defjvps(lambda t, ans, x: 3 * squared(x) * t)

    assert purenet.compare_grads(cubed, 2.0).ok
    report = purenet.compare_grads(cubed, 2.0, order=2)
    assert not report.ok
    assert {leaf.mode for leaf in report.leaves if not leaf.ok} <= {
        "rev of its gradient", "fwd of its gradient",
    }  # fmt: skip


def test_a_mode_that_jax_does_not_have_is_noted():
    report = purenet.compare_grads(*with_plant(planted(lambda g: g)))
    assert report.notes == ("fwd mode was left out: JAX does not have it for this function",)

    def loop(x):
        return jax.lax.while_loop(lambda c: c < 10.0, lambda c: c * 1.5, x)

    report = purenet.compare_grads(loop, 1.3)
    assert report.ok
    assert {leaf.mode for leaf in report.leaves} == {"fwd"}
    with pytest.raises(ValueError, match="Reverse-mode differentiation does not work"):
        purenet.compare_grads(loop, 1.3, modes=("rev",))


def test_kinks_are_excused_where_jax_lies_between_the_sides():
    report = purenet.check_grads(lambda x: jnp.sum(jax.nn.relu(x)), jnp.array([-1.0, 0.0, 1.0]))
    assert report.leaves[0].excused == ("x[1]: kink, left 0, right 1, jax 0",)
    assert "excused: x[1]: kink" in str(report)


def test_a_value_outside_of_a_kinks_sides_is_wrong():
    bent = jax.custom_jvp(lambda x: jnp.abs(x))
    bent.defjvps(lambda t, ans, x: jnp.where(x == 0, 3.0, jnp.sign(x)) * t)
    report = purenet.compare_grads(bent, 0.0)
    assert not report.ok


def test_nan_is_no_agreement():
    undefined = planted(lambda g: jnp.full_like(g, jnp.nan))
    report = purenet.compare_grads(lambda w: jnp.sum(undefined(w)), jnp.ones(2))
    assert report.leaves[0].disagreeing == 2


def test_overflow_in_the_callers_dtype_is_no_agreement():
    # exp(100) is infinite in float32, and infinity over infinity is NaN; float64 would hide it
    def softplus(x):
        return jnp.log(1 + jnp.exp(x))

    report = purenet.compare_grads(softplus, jnp.float32(100.0))
    assert not report.ok


def test_rounding_in_float32_is_told_from_a_wrong_rule():
    def cancelling(x):
        return (1 - jnp.cos(x)) / x**2

    lost = r"x: float32 loses this derivative: .*, in float64 -8\.3"
    with pytest.raises(purenet.GradientUndecided, match=lost):
        purenet.check_grads(cancelling, jnp.float32(1e-3))
    assert purenet.check_grads(cancelling, jnp.float32(0.5)).ok


def test_complex_parameters(x64):
    assert purenet.check_grads(lambda z: jnp.sum(jnp.abs(z) ** 2), jnp.array([1.0 + 2.0j])).ok
    conjugated = planted(jnp.conj)
    report = purenet.compare_grads(
        lambda z: jnp.sum(jnp.abs(conjugated(z)) ** 2), jnp.array([1.0 + 2.0j])
    )
    assert report.leaves[0].worst is not None
    assert report.leaves[0].worst.path == "z[0].imag"


def test_argnums_aux_empty_leaves_and_integers():
    report = purenet.check_grads(
        lambda a, b, n: (jnp.sum(a) + jnp.sum(b**2) * n["k"], "aux"),
        jnp.ones((0, 3)), jnp.ones(2), {"k": 3, "w": 1.0},
        argnums=(0, 1, 2), has_aux=True, allow_int=True, allow_unused=True,
    )  # fmt: skip
    assert [leaf.path for leaf in report.leaves if leaf.mode == "rev"] == ["a", "b", "n['w']"]


def test_what_jax_does_not_move_is_not_written_to():
    W = np.ones((2, 3))
    W.flags.writeable = False
    assert purenet.check_grads(lambda W: jnp.sum(W**2), W).ok


def test_where_there_is_no_derivative_nothing_is_claimed():
    root = purenet.check_grads(jnp.sqrt, 0.0, modes=("rev",))
    assert [leaf.verdict for leaf in root.leaves] == ["excused"]
    assert root.leaves[0].excused == ("x: edge, left nan, right inf, jax inf",)
    bent = purenet.check_grads(jnp.abs, 0.0, modes=("rev",))
    assert [leaf.verdict for leaf in bent.leaves] == ["excused"]
    assert bent.compared == root.compared == 0


def test_inside_jit_there_are_no_numbers_to_compare():
    with pytest.raises(TypeError, match=r"got a as a tracer.*call it outside"):
        jax.jit(lambda x: purenet.compare_grads(jnp.sum, x).ok)(jnp.ones(2))
    with pytest.raises(TypeError, match=r"got <lambda>, which captured a tracer.*call it outside"):
        jax.jit(lambda x: purenet.compare_grads(lambda w: jnp.sum(w * x), np.ones(2)).ok)(1.0)


def test_what_cannot_be_differenced_raises_as_fd_grad():
    with pytest.raises(TypeError, match="got x of dtype int32"):
        purenet.compare_grads(lambda x: x * 1.0, jnp.arange(3))
    with pytest.raises(TypeError, match="got a function that returns None; wanted a number"):
        purenet.compare_grads(lambda x: None, jnp.ones(3))
    with pytest.raises(TypeError, match="whose output is of type str; wanted numbers"):
        purenet.compare_grads(lambda x: str(np.asarray(x)), jnp.ones(3))
    with pytest.raises(TypeError, match="got an output of type int; wanted floating-point"):
        purenet.compare_grads(lambda x: 10**400, jnp.ones(3))
    with pytest.raises(TypeError, match="wanted a floating-point output"):
        purenet.compare_grads(lambda x: jnp.argmax(x), jnp.ones(3))
    with pytest.raises(ValueError, match="inf at the base point"):
        purenet.compare_grads(lambda x: 1 / x, jnp.float32(0.0))
    with pytest.raises(ValueError, match="wanted finite parameters"):
        purenet.compare_grads(jnp.sum, jnp.array([1.0, jnp.nan]))


def test_one_output_in_a_tree_is_the_function_itself(x64):
    def f(W):
        return {"loss": jnp.sum(W**2), "positive": jnp.sum(W > 0)}

    report = purenet.check_grads(f, jnp.ones((300, 300)), budget=0)
    assert {leaf.mode for leaf in report.leaves} == {"rev", "fwd"}


def test_an_oscillation_too_fast_for_its_numbers_is_undecided_and_says_so(x64):
    report = purenet.compare_grads(jnp.sin, 1e12)
    assert report.verdict == "undecided"
    said = str(report).splitlines()[0]
    assert "x: no step gives a derivative that another confirms, jax 0.791446" in said
