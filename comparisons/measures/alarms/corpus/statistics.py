"""How the densities, distribution functions and quantiles of jax.scipy.stats are asked."""

import jax
import numpy as np

from comparisons.measures.alarms.corpus.domains import Draw, between, joined, signed, symmetric
from comparisons.measures.alarms.corpus.recipes import Namespace, Recipe, Recipes

_EXCLUDED = {
    "returns an element and a count": "mode",
    "returns ranks": "rankdata",
}

LOCATION = between(-0.1, 0.1, ())
SCALE = between(1.0, 1.2, ())
PROBABILITY = between(0.2, 0.8, ())
COUNTS = np.array([1, 2, 4, 3])

DENSITIES = "pdf logpdf"
TAILS = "cdf logcdf sf logsf"
QUANTILES = "ppf isf"


def _shape(low: float, high: float) -> Draw:
    return between(low, high, ())


def _each(distribution: str, functions: str, recipe: Recipe) -> Recipes:
    return {f"{distribution}.{function}": recipe for function in functions.split()}


def _continuous(distribution: str, points: Draw, *parameters: Draw) -> Recipes:
    """By the points, the parameters, the location and the scale, whichever of the functions."""
    rest = (*parameters, LOCATION, SCALE)
    return {
        **_each(distribution, f"{DENSITIES} {TAILS}", Recipe(joined(points, *rest))),
        **_each(distribution, QUANTILES, Recipe(joined(between(0.1, 0.9, (4,)), *rest))),
    }


def _discrete(
    distribution: str, functions: str, *parameters: Draw, trials: int | None = None
) -> Recipes:
    """By the parameters only: the counts are integers, and so is the number of trials."""
    fixed = () if trials is None else (trials,)

    def call(function, *rest):
        return function(COUNTS.astype(rest[0].dtype), *fixed, *rest)

    return _each(distribution, functions, Recipe(joined(*parameters), call))


# JAX has no derivative of the incomplete beta function with respect to its parameters.
_BETA_TAILS = Recipe(
    joined(between(0.25, 0.75, (4,)), LOCATION, SCALE),
    lambda f, x, location, scale: f(x, 1.5, 2.5, location, scale),
    "x, loc, scale",
)


def _gumbel(distribution: str, low: float, high: float) -> Recipes:
    """Like _continuous, without the arguments by which JAX (0.8 to 0.10) raises an exception.

    The densities write log(scale) as xlogy(-1, scale) and the quantiles write log(p) as
    xlogy(-1, p), whose derivative multiplies by the tangent of the integer -1.
    """
    points = between(low, high, (4,))
    densities = Recipe(joined(points, LOCATION), lambda f, x, loc: f(x, loc, 1.1), "x, loc")
    quantiles = Recipe(
        joined(LOCATION, SCALE),
        lambda f, loc, scale: f(np.array([0.15, 0.4, 0.7], loc.dtype), loc, scale),
        "loc, scale",
    )
    return {
        **_continuous(distribution, points),
        **_each(distribution, DENSITIES, densities),
        **_each(distribution, QUANTILES, quantiles),
    }


_RECIPES: Recipes = {
    **_continuous("beta", between(0.25, 0.75, (4,)), _shape(1, 3), _shape(1, 3)),
    **_each("beta", TAILS, _BETA_TAILS),
    **_continuous("cauchy", between(-2, 2, (4,))),
    **_continuous("chi2", between(0.5, 4, (4,)), _shape(1.5, 4)),
    **_continuous("expon", between(0.3, 3, (4,))),
    **_continuous("gamma", between(0.5, 4, (4,)), _shape(1, 3)),
    **_gumbel("gumbel_l", -2, 1.2),
    **_gumbel("gumbel_r", -1.2, 2),
    **_continuous("laplace", signed(0.4, 2, (4,))),
    **_continuous("logistic", between(-2, 2, (4,))),
    **_continuous("norm", between(-2, 2, (4,))),
    **_continuous("pareto", between(1.8, 4, (4,)), _shape(1, 3)),
    **_continuous("t", between(-2, 2, (4,)), _shape(1.5, 5)),
    **_continuous("truncnorm", between(-1, 1, (4,)), _shape(-2, -1.5), _shape(1.5, 2)),
    **_continuous("uniform", between(0.2, 0.8, (4,))),
    **_each(
        "gennorm", f"{DENSITIES} {TAILS}", Recipe(joined(signed(0.4, 2, (4,)), _shape(1.2, 3)))
    ),
    **_each("vonmises", DENSITIES, Recipe(joined(between(-3, 3, (4,)), _shape(0.5, 3)))),
    **_each("wrapcauchy", DENSITIES, Recipe(joined(between(0.2, 6, (4,)), _shape(0.2, 0.7)))),
    **_each(
        "multivariate_normal",
        DENSITIES,
        Recipe(joined(between(-1.5, 1.5, (3,), (3,)), symmetric(1, 3))),
    ),
    # points of a simplex are made from free numbers: a step along one coordinate would leave it
    **_each(
        "dirichlet",
        DENSITIES,
        Recipe(
            joined(between(-1, 1, (4,)), between(1.5, 4, (4,))),
            lambda f, x, alpha: f(jax.nn.softmax(x), alpha),
        ),
    ),
    **_each(
        "multinomial",
        "pmf logpmf",
        Recipe(between(-1, 1, (4,)), lambda f, p: f(COUNTS, COUNTS.sum(), jax.nn.softmax(p)), "p"),
    ),
    **_each(
        "bernoulli",
        "pmf logpmf cdf",
        Recipe(PROBABILITY, lambda f, p: f(np.array([0, 1, 1]), p), "p"),
    ),
    # zero up to q = 1 - p, where it steps to one
    "bernoulli.ppf": Recipe(joined(between(0.1, 0.5, (4,)), _shape(0.2, 0.4))),
    **_discrete("betabinom", "pmf logpmf", _shape(1, 3), _shape(1, 3), trials=5),
    **_discrete("binom", "pmf logpmf", PROBABILITY, trials=5),
    **_discrete("geom", "pmf logpmf", PROBABILITY),
    **_discrete("nbinom", "pmf logpmf", _shape(2, 5), PROBABILITY),
    **_discrete("poisson", "pmf logpmf cdf", _shape(0.5, 3)),
    "poisson.entropy": Recipe(between(0.5, 3, (4,))),
    "sem": Recipe(between(-1.5, 1.5, (4, 3))),
}

STATISTICS = Namespace("jax.scipy.stats", _RECIPES, _EXCLUDED)
