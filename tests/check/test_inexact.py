"""Derivatives that are inexact by design: by a solver's tolerance, or as their user says."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.scipy.sparse.linalg import bicgstab, cg

from purenet import check_grads, compare_grads

A = jnp.diag(jnp.linspace(1.0, 3.0, 8)) + 0.1
B = jnp.linspace(0.1, 1.0, 8)


def solved(b, solver=cg):
    """A loss whose linear system is solved to a relative tolerance of 1e-3."""
    return jnp.sum(jnp.sin(solver(lambda v: A @ v, b, tol=1e-3)[0]))


@pytest.mark.parametrize("solver", [cg, pytest.param(bicgstab, marks=pytest.mark.full)])
def test_a_solver_that_stops_at_a_tolerance_is_right_and_the_report_says_how_far(solver):
    report = check_grads(lambda b: solved(b, solver), B)
    [note] = report.notes
    assert note.startswith("agrees to ")
    assert 1e-6 < float(note.split()[2]) < 1e-2
    assert "which is what the tolerance of an iterative linear solver leaves" in note


@pytest.mark.full
def test_a_wrong_rule_around_a_solver_is_found():
    @jax.custom_vjp
    def wrong(b):
        return solved(b)

    wrong.defvjp(lambda b: (solved(b), b), lambda b, g: (1.01 * g * jax.grad(solved)(b),))
    assert compare_grads(wrong, B).verdict == "disagrees"


@pytest.mark.parametrize(
    ("factor", "verdict"),
    [(1.0, "agrees"), pytest.param(1.01, "disagrees", marks=pytest.mark.full)],
)
def test_the_solver_s_own_gradient_as_numbers(factor, verdict):
    gradient = factor * jax.grad(solved)(B)
    assert compare_grads(solved, B, gradient=gradient).verdict == verdict


def test_a_direct_solve_needs_no_word():
    assert check_grads(lambda b: jnp.sum(jnp.linalg.solve(A, b) ** 2), B).notes == ()


def off_by(factor):
    def loss(w):
        return jnp.sum(jnp.sin(w) * w)

    return loss, factor * jax.grad(loss)(B)


@pytest.mark.parametrize("budget", [10.0, 0])
@pytest.mark.parametrize(("factor", "verdict"), [(1.0005, "agrees"), (1.01, "disagrees")])
def test_an_inexactness_that_the_user_knows_of(factor, verdict, budget):
    loss, gradient = off_by(factor)
    report = compare_grads(loss, B, gradient=gradient, rtol=1e-3, budget=budget)
    assert report.verdict == verdict
    assert report.rtol == 1e-3
    assert compare_grads(loss, B, gradient=gradient, budget=budget).verdict == "disagrees"


def test_it_is_printed_with_the_verdict():
    loss, gradient = off_by(1.0005)
    line, *_ = str(check_grads(loss, B, gradient=gradient, rtol=1e-3)).splitlines()
    assert line.endswith("agrees at all 8 derivatives compared, given rtol=0.001 of the largest")


def test_it_holds_for_jax_too():
    @jax.custom_jvp
    def square(x):
        return x * x

    square.defjvp(lambda xs, ts: (xs[0] ** 2, 2.001 * xs[0] * ts[0]))
    loss = lambda w: jnp.sum(square(w))  # noqa: E731
    assert compare_grads(loss, B).verdict == "disagrees"
    assert compare_grads(loss, B, rtol=1e-3).verdict == "agrees"
    assert compare_grads(loss, B, rtol=1e-4).verdict == "disagrees"


@pytest.mark.parametrize("rtol", [-1e-3, 0.01, np.nan, True, "1e-3"])
def test_one_that_would_hide_errors_is_refused(rtol):
    with pytest.raises(ValueError, match=r"got rtol=.*; wanted a number from 0 to below 0.01"):
        compare_grads(lambda w: w * w, 1.0, rtol=rtol)


def equilibrium(factor, tolerance=1e-5):
    """A fixed point by iteration to a tolerance, with the rule of the implicit function."""

    def layer(w, z):
        return jnp.tanh(jnp.array([[0.2, -0.1], [0.06, 0.3]]) @ z * w[0] + w[1:])

    @jax.custom_jvp
    def solve(w):
        def going_on(state):
            z, before = state
            return jnp.max(jnp.abs(z - before)) > tolerance

        start = layer(w, jnp.zeros(2)), jnp.zeros(2)
        return jax.lax.while_loop(going_on, lambda s: (layer(w, s[0]), s[0]), start)[0]

    @solve.defjvp
    def _(primals, tangents):
        (w,), (dw,) = primals, tangents
        z = solve(w)
        by_z = jax.jacfwd(layer, 1)(w, z)
        by_w = jax.jvp(lambda w: layer(w, z), (w,), (dw,))[1]
        return z, factor * jnp.linalg.solve(jnp.eye(2) - by_z, by_w)

    return lambda w: jnp.sum((solve(w) - 1) ** 2)


@pytest.mark.parametrize(("factor", "verdict"), [(1.0, "agrees"), (1.01, "disagrees")])
def test_an_iteration_that_stops_at_a_tolerance_is_right_to_that_tolerance(factor, verdict):
    report = compare_grads(equilibrium(factor), jnp.array([1.2, 0.4, -0.3]))
    assert report.verdict == verdict, str(report)
    assert "which is what the tolerance of a solver leaves" in str(report.notes)


@pytest.mark.parametrize("seed", [9, 10])
def test_what_a_tolerance_leaves_is_asked_along_several_directions(seed):
    w = jnp.array([1.2, 0.4, -0.3]) * (1 + seed / 20)
    report = compare_grads(equilibrium(1.0, tolerance=3e-5), w, key=jax.random.key(seed))
    assert report.verdict == "agrees", str(report)


@pytest.mark.parametrize("factor", [1.0, 1.02])
def test_of_one_that_stops_far_too_early_nothing_is_said(factor):
    report = compare_grads(equilibrium(factor, tolerance=3e-2), jnp.array([1.2, 0.4, -0.3]))
    assert report.verdict == "undecided", str(report)
    assert "held to 5e-02 of the largest derivative" in str(report.notes)


def test_one_that_has_settled_needs_no_word():
    assert check_grads(equilibrium(1.0, tolerance=1e-12), jnp.array([1.2, 0.4, -0.3])).notes == ()


@pytest.mark.parametrize("output", [0, 1])
def test_an_approximation_made_for_float32_is_no_mistake(output):
    """Its own derivative, in float64, is that to seven digits."""
    x = jnp.array([0.3, 0.9, 1.7, 2.4, -1.1, 3.2], jnp.float32)
    check_grads(lambda x: jnp.sum(jax.scipy.special.fresnel(x)[output]), x)
