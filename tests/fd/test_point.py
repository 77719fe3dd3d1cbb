"""A point: which leaves move, what they are called, and the tree that comes back."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from purenet import fd
from purenet.fd.point import Point, trace


def loss(params, x):
    return jnp.sum(params["w"]) * params["n"] + x


PARAMS = {"w": jnp.ones(2), "n": 3}


def test_movable_leaves_and_their_paths():
    point = Point.of(loss, (PARAMS, 1.0), {}, argnums=(0, 1), allow_int=True)
    assert point.paths == ["params['n']", "params['w']", "x"]
    assert point.movable == [1, 2]


def test_the_function_takes_new_leaves_and_keeps_the_rest():
    point = Point.of(loss, (PARAMS, 1.0), {}, argnums=0, allow_int=True)
    assert float(point.of_leaves([10, jnp.ones(2)])) == 21.0


def test_results_come_back_in_the_arguments_tree():
    one = Point.of(loss, (PARAMS, 1.0), {}, argnums=0, allow_int=True)
    assert one.assemble(["n", "w"]) == {"n": "n", "w": "w"}
    both = Point.of(loss, (PARAMS, 1.0), {}, argnums=(1, 0), allow_int=True)
    assert both.assemble(["x", "n", "w"]) == ("x", {"n": "n", "w": "w"})


def test_only_movable_leaves_are_inputs_of_the_trace():
    point = Point.of(loss, (PARAMS, np.float32(1.0)), {}, argnums=0, allow_int=True)
    traced = trace(point)
    assert [np.dtype(d) for d in traced.input_dtypes] == [np.dtype(np.float32)]
    assert traced.outputs[0].shape == ()
    assert jax.tree_util.treedef_is_leaf(traced.output_tree)


async def in_a_coroutine(w):
    return jnp.sum(w)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda w: None, "got a function that returns None; wanted a number .*; return the loss"),
        (lambda w: {}, "got a function that returns {}; wanted a number"),
        (lambda w: "text", "got a function whose output is of type str; wanted numbers or arrays"),
        (lambda w: (jnp.sum(w), "a"), r"whose output\[1\] is of type str; .*has_aux=True"),
        (in_a_coroutine, "got a function whose output is of type coroutine; wanted numbers"),
        (lambda w: (x for x in w), "got output of type generator, which the first call uses up"),
    ],
)
@pytest.mark.parametrize("run", [lambda fun, w: trace(Point.of(fun, (w,), {}, argnums=0)),
                                 lambda fun, w: fd.grad(fun, strategy="host")(w),
                                 lambda fun, w: fd.estimate(fun)(w)])  # fmt: skip
def test_a_function_that_gives_no_numbers_is_refused(function, message, run):
    with pytest.raises(TypeError, match=message):
        run(function, jnp.ones(2))


def test_data_that_are_no_trees_or_can_be_read_once_are_refused_by_name():
    with pytest.raises(ValueError, match="got x with keys of type int and str"):
        Point.of(loss, (PARAMS, {"a": 1, 2: 3}), {}, argnums=0, allow_int=True)
    with pytest.raises(TypeError, match="got x of type generator, which the first call uses up"):
        fd.grad(lambda p, x: p * sum(x))(1.0, x=(i for i in range(3)))


def left_behind(transform):
    kept = []
    transform(lambda x: (kept.append(x), jnp.sum(x))[1])(jnp.ones(2))
    return kept[0]


@pytest.mark.parametrize("transform", [jax.jit, jax.grad, jax.vmap])
@pytest.mark.parametrize("run", [fd.grad, fd.estimate])
def test_a_tracer_left_behind_is_named_as_what_it_is(transform, run):
    tracer = left_behind(transform)
    message = "got <lambda>, which reads a tracer that an earlier jit, grad or vmap left behind"
    with pytest.raises(ValueError, match=message):
        run(lambda w: jnp.sum(w * tracer))(jnp.ones(2))


def test_a_tracer_of_the_trace_around_is_as_good_as_an_array():
    gradient = jax.jit(lambda x: fd.grad(lambda w: jnp.sum(w * x))(jnp.ones(2)))(jnp.ones(2))
    np.testing.assert_allclose(gradient, [1.0, 1.0], rtol=1e-6)


def test_numbers_are_wanted_where_steps_depend_on_what_was_captured():
    message = r"got <lambda>, which captured a tracer \(float.*\) inside jit.*call it outside"
    with pytest.raises(TypeError, match=message):
        jax.jit(lambda x: fd.estimate(lambda w: jnp.sum(w * x))(np.ones(2)).value)(jnp.ones(2))


def doubles(w, x, scale):
    w *= 2
    x *= 2
    scale *= 2
    return float(np.sum(w * x) * scale[0])


@pytest.mark.parametrize(
    "run",
    [
        lambda *args, **more: fd.grad(doubles)(*args, **more),
        lambda *args, **more: fd.value_and_grad(doubles)(*args, **more),
        lambda *args, **more: fd.jacobian(lambda *a, **k: (doubles(*a, **k), 1), has_aux=True)(
            *args, **more
        ),
        lambda w, x, scale: fd.jvp(doubles, (w, x, scale), (w, x, scale)),
    ],
    ids=["grad", "value_and_grad", "jacobian with aux", "jvp"],
)
def test_what_a_function_writes_it_writes_into_copies(run):
    given = {"w": np.ones(2), "x": np.ones(2), "scale": np.ones(1)}
    before = {name: array.copy() for name, array in given.items()}
    run(given["w"], given["x"], scale=given["scale"])
    for name, array in given.items():
        np.testing.assert_array_equal(array, before[name])


@pytest.mark.parametrize("strategy", ["auto", "host"])
def test_a_function_that_changes_the_callers_dictionary_is_given_what_was_there(strategy):
    params = {"w": np.ones(2)}

    def loss(p):
        params["w"] = np.zeros(3)
        return (p["w"] ** 2).sum()

    found = fd.grad(loss, strategy=strategy)(params)
    np.testing.assert_allclose(found["w"], [2.0, 2.0], rtol=1e-6)
