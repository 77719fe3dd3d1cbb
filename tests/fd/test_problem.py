"""Posing a problem: which leaves move, what they are called, and the tree that comes back."""

import jax
import jax.numpy as jnp
import numpy as np

from purenet.fd.problem import pose, trace


def loss(params, x):
    return jnp.sum(params["w"]) * params["n"] + x


PARAMS = {"w": jnp.ones(2), "n": 3}


def test_movable_leaves_and_their_paths():
    problem = pose(loss, (PARAMS, 1.0), {}, argnums=(0, 1), allow_int=True)
    assert problem.paths == ["params['n']", "params['w']", "x"]
    assert problem.movable == [1, 2]


def test_the_function_takes_new_leaves_and_keeps_the_rest():
    problem = pose(loss, (PARAMS, 1.0), {}, argnums=0, allow_int=True)
    assert float(problem.function([10, jnp.ones(2)])) == 21.0


def test_results_come_back_in_the_arguments_tree():
    one = pose(loss, (PARAMS, 1.0), {}, argnums=0, allow_int=True)
    assert one.assemble(["n", "w"]) == {"n": "n", "w": "w"}
    both = pose(loss, (PARAMS, 1.0), {}, argnums=(1, 0), allow_int=True)
    assert both.assemble(["x", "n", "w"]) == ("x", {"n": "n", "w": "w"})


def test_only_movable_leaves_are_inputs_of_the_trace():
    problem = pose(loss, (PARAMS, np.float32(1.0)), {}, argnums=0, allow_int=True)
    traced = trace(problem)
    assert [np.dtype(d) for d in traced.input_dtypes] == [np.dtype(np.float32)]
    assert traced.outputs[0].shape == ()
    assert jax.tree_util.treedef_is_leaf(traced.output_tree)
