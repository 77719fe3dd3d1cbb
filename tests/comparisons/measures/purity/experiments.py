"""Plain experiments on a program: its parameters by path, moved, and differentiated."""

import jax
import numpy as np

from purenet import trees


def is_jax(program):
    return any(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(program.build()[1]))


def subjects(program, kind):
    return [subject for found, subject in program.findings if found == kind]


def parameters(program, function, args):
    """The floating leaves of the differentiated arguments, by their paths."""
    argnums = program.argnums if isinstance(program.argnums, tuple) else (program.argnums,)
    found = {}
    for n in argnums:
        paths = trees.leaf_paths(args[n], trees.argument_name(function, n))
        found |= dict(zip(paths, jax.tree.leaves(args[n]), strict=True))
    return found


def by_path(function, args, path):
    """The object at a path such as params['W'] of the arguments."""
    return eval(path, {trees.argument_name(function, n): arg for n, arg in enumerate(args)})


def moved(program, function, args, size, seed=0, only=None):
    """The arguments with random numbers added to their parameters, or to one of them."""
    args, rng = copied(args), np.random.default_rng(seed)
    argnums = program.argnums if isinstance(program.argnums, tuple) else (program.argnums,)
    for n in argnums:
        name = trees.argument_name(function, n)
        leaves, tree = jax.tree.flatten(args[n])
        paths = trees.leaf_paths(args[n], name)
        leaves = [
            leaf + _like(leaf, size * rng.standard_normal(np.shape(leaf)))
            if only in (None, path)
            else leaf
            for path, leaf in zip(paths, leaves, strict=True)
        ]
        args = (*args[:n], jax.tree.unflatten(tree, leaves), *args[n + 1 :])
    return args


def _like(leaf, noise):
    return noise.astype(leaf.dtype) if hasattr(leaf, "dtype") else float(noise)


def copied(args):
    """Fresh containers and fresh NumPy arrays; keys and JAX arrays, which cannot be written to."""
    return jax.tree.map(lambda leaf: leaf.copy() if isinstance(leaf, np.ndarray) else leaf, args)


def gradients(program, function, args):
    """jax.grad by path."""
    found = jax.grad(function, argnums=program.argnums)(*args)
    if not isinstance(program.argnums, tuple):
        found = (found,)
    paths = parameters(program, function, args)
    return dict(zip(paths, map(np.asarray, jax.tree.leaves(found)), strict=True))
