"""Which lines of the two programs correspond."""

from comparisons.programs import Twin

TWINS = (
    Twin(
        "lambdas made in a loop, all of which read its last freq and p_fn; or one expression",
        "build_embedding_without_defaults: for freq ... append",
        "embed: return",
    ),
    Twin(
        "defaults keep what each was built with; an argument needs no keeping",
        "build_embedding: embed_fns.append",
        "feature: return",
    ),
    Twin("all features of x", "embed: return", "embed: return"),
)
