"""What jax.grad outside of jit lets a function look at, a trace lets it look at."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from purenet import audit, compare_grads, fd, jaxprs

W = jnp.array([0.5, -0.2, 0.3])
X = jnp.linspace(-1.0, 1.0, 6)
LABELS = jnp.array([0, 1, 1, 2])
COUNT = jnp.array(2)


def branches_on_data(w, x):
    return jnp.sum(w**2) if x[0] > 0 else jnp.sum(w**3)


def masks_data(w, x):
    return jnp.sum(w[0] * x[x > 0] ** 2) + jnp.sum(jnp.sin(w))


def takes_the_unique_labels(w, labels):
    return jnp.sum(w[jnp.unique(labels)] ** 2)


def slices_by_a_captured_number(w):
    return jnp.sum(w[: int(COUNT)] ** 3)


def branches_on_a_parameter(w):
    return jnp.sum(w**2) if w[0] > 0 else jnp.sum(w**3)


def masks_by_a_parameter(w):
    return jnp.sum(w[w > 0] ** 2) + jnp.sum(w)


def loops_until_a_parameter_is_large(w):
    s = w[0]
    while s < 3:
        s = s * 2
    return s**2 + jnp.sum(w**2)


def differentiates_inside(w):
    return jnp.sum(jax.grad(branches_on_a_parameter)(w) ** 3)


def calls_a_custom_rule(w):
    return jnp.sum(jax.nn.relu(jnp.logaddexp(w, 1.0))) if w[1] < 0 else w[0]


ON_DATA = [
    (branches_on_data, (W, X)),
    (masks_data, (W, X)),
    (takes_the_unique_labels, (W, LABELS)),
    (slices_by_a_captured_number, (W,)),
]
ON_PARAMETERS = [
    branches_on_a_parameter,
    masks_by_a_parameter,
    loops_until_a_parameter_is_large,
    differentiates_inside,
    calls_a_custom_rule,
]


@pytest.mark.parametrize(("loss", "args"), ON_DATA)
def test_a_choice_by_data_is_made_in_the_trace_and_needs_no_word(loss, args):
    report = compare_grads(loss, *args)
    assert report.ok
    assert report.notes == ()
    assert audit(loss, *args).ok
    np.testing.assert_allclose(fd.grad(loss)(*args), jax.grad(loss)(*args), rtol=1e-5)


@pytest.mark.parametrize("loss", ON_PARAMETERS)
def test_a_choice_by_a_parameter_is_made_at_its_value_and_the_report_says_so(loss):
    report = compare_grads(loss, W)
    assert report.ok
    assert "one branch was proved, the one taken at these values" in str(report)
    assert audit(loss, W).kinds == ("numpy-on-tracer",)  # under jit it would raise
    np.testing.assert_allclose(fd.grad(loss)(W), jax.grad(loss)(W), rtol=1e-5)


@pytest.mark.parametrize(("loss", "args"), [*ON_DATA, (branches_on_a_parameter, (W,))])
def test_a_wrong_gradient_of_such_a_loss_is_found(loss, args):
    wrong = 1.01 * jax.grad(loss)(*args)
    assert compare_grads(loss, *args, gradient=wrong).verdict == "disagrees"


def test_a_mask_of_a_parameter_that_is_no_choice_still_moves_with_it():
    def loss(leaves):
        return jnp.sum(jnp.where(leaves[0] > 0, leaves[0], 0)) if X[0] < 0 else 0.0

    traced = jaxprs.trace(loss, [W])
    (value,) = jaxprs.evaluated(traced.program, traced.constants, [-W])
    assert not traced.decides
    np.testing.assert_allclose(value, 0.2)


def test_inside_of_a_transformation_there_are_no_values_to_look_at():
    with pytest.raises(jax.errors.TracerBoolConversionError):
        jax.jit(lambda w: jaxprs.trace(lambda leaves: branches_on_a_parameter(*leaves), [w]))(W)


def test_a_number_that_jax_grad_does_not_give_is_not_given():
    with pytest.raises(TypeError, match="which JAX cannot trace"):
        compare_grads(lambda w: jnp.sum(w**2) * float(w[0]), W)
