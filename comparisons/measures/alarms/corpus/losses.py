"""How the losses of optax are asked: by everything in them that is a floating-point number."""

import jax
import numpy as np

from comparisons.measures.alarms.corpus.domains import ONE, TWO, UNIT, apart, between, joined
from comparisons.measures.alarms.corpus.recipes import Namespace, Recipe, Recipes, same

_EXCLUDED = {"deprecated, another name of generalized_kl_divergence": "convex_kl_divergence"}

SIGNS = np.array([[1, -1, 1], [-1, -1, 1]])
TRUTHS = np.array([[1, 0, 1], [0, 0, 1]])
CLASSES = np.array([0, 2], np.int32)
# Margins between scores are 0.5, 2 and 2.5, give or take 0.4: none is 0 or 1, where hinges bend.
SPREAD = np.array([[0.0, 0.5, 2.5], [2.5, 0.0, 0.5]])
# Two scores of three count in their projection on the simplex, and a small change leaves it so.
TWO_OF_THREE = np.array([[0.0, 0.0, -3.0], [-3.0, 0.0, 0.0]])
SMALL = between(-0.2, 0.2, (2, 3))


def _distributions(divergence, x, y):
    return divergence(jax.nn.log_softmax(x), jax.nn.softmax(y))


def _with_labels(labels):
    return lambda loss, scores: loss(scores, labels.astype(scores.dtype))


def _connectionist(loss, logits):
    """Of one sequence of four frames; the table of forward probabilities holds -1e5 for none."""
    value = loss(logits, np.zeros((1, 4)), np.array([[1, 2]]), np.zeros((1, 2)))
    return value[0]


_RECIPES: Recipes = {
    **same("cosine_distance cosine_similarity l2_loss log_cosh squared_error", Recipe(TWO)),
    # cells of width one, so that |x - y| is not near 1
    "huber_loss": Recipe(apart(-3, 3, (2, 3))),
    **same("kl_divergence generalized_kl_divergence", Recipe(TWO, _distributions)),
    "kl_divergence_with_log_targets": Recipe(
        TWO, lambda f, x, y: f(jax.nn.log_softmax(x), jax.nn.log_softmax(y))
    ),
    **same(
        "poly_loss_cross_entropy safe_softmax_cross_entropy softmax_cross_entropy"
        " ranking_softmax_loss",
        Recipe(joined(ONE, UNIT)),
    ),
    **same("sigmoid_binary_cross_entropy sigmoid_focal_loss", Recipe(joined(ONE, UNIT))),
    "softmax_cross_entropy_with_integer_labels": Recipe(ONE, lambda f, x: f(x, CLASSES)),
    **same(
        "dice_loss multiclass_generalized_dice_loss",
        Recipe(
            between(-1.5, 1.5, (2, 2, 3)),
            lambda f, x: f(x, np.eye(3, dtype=x.dtype)[[[0, 1], [2, 2]]]),
        ),
    ),
    "binary_dice_loss": Recipe(ONE, _with_labels(TRUTHS)),
    **same("hinge_loss perceptron_loss", Recipe(ONE, _with_labels(SIGNS))),
    "sparsemax_loss": Recipe(ONE, _with_labels(TRUTHS)),
    **same(
        "multiclass_hinge_loss multiclass_perceptron_loss",
        Recipe(SMALL, lambda f, x: f(x + SPREAD.astype(x.dtype), CLASSES)),
    ),
    "multiclass_sparsemax_loss": Recipe(
        SMALL, lambda f, x: f(x + TWO_OF_THREE.astype(x.dtype), CLASSES)
    ),
    "make_fenchel_young_loss": Recipe(
        joined(ONE, UNIT), lambda f, x, y: f(jax.nn.logsumexp)(x[0], y[0])
    ),
    "smooth_labels": Recipe(joined(UNIT, between(0.1, 0.4, ()))),
    "ntxent": Recipe(
        between(-1.5, 1.5, (4, 3)), lambda f, x: f(x, np.array([0, 1, 0, 1]), temperature=0.5)
    ),
    "triplet_margin_loss": Recipe(
        between(-0.9, 0.9, (2, 3), (2, 3), (2, 3)), lambda f, *triplet: f(*triplet, margin=5.0)
    ),
    **same(
        "ctc_loss ctc_loss_with_forward_probs",
        Recipe(between(-1.5, 1.5, (1, 4, 3)), _connectionist),
    ),
}

LOSSES = Namespace("optax.losses", _RECIPES, _EXCLUDED)
