"""The words of the story, which the page and the notebook share; `code` and *titles* are marked."""

import re
from html import escape

TITLE = "Why is this gradient not zero?"
LEAD = (
    "A lambda that ignores its argument, a gradient that is right all the same, and what it takes "
    "to prove a gradient."
)
PUZZLE = "The book *Deep Learning from Scratch* takes the gradient of a network like this:"
LOOK = "Look at `f`. It ignores `W`. You are right to wonder: the derivative of a constant is zero."
COPY = "And indeed, at a copy of the same array it is zero everywhere:"
WHERE = (
    "`numerical_gradient` writes into the array that it is given. That array is `net.W`, and "
    "`net.loss` reads `net.W`. So `W` reaches the loss, but not through the argument of `f`: "
    "through the network. A copy is written into as well, and nobody reads it."
)
STEPS = (
    "This is the loop of `numerical_gradient` on `net.W`: what each line writes, and what `f` "
    "gives. The element that has been moved is marked."
)
MOVES = (
    "Two changes, made apart and together: another argument, and another `net.W`. The lambda "
    "follows `net.W` alone; the pure loss follows its argument alone."
)
LINE = (
    "In the pure program `f` reads its argument. Nothing is written to, and a copy is as good as "
    "the original:"
)
FURTHER = (
    "`check_grads` compares a gradient with finite differences at every coordinate, and raises an "
    "error that says where and why it is wrong. `audit` says what a loss reads, ignores, captures "
    "and changes."
)


def html(words: str) -> str:
    """The words as a paragraph of HTML.

    >>> html("Look at `f`.")
    '<p>Look at <code>f</code>.</p>'
    """
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(words, quote=False))
    return "<p>" + re.sub(r"\*([^*]+)\*", r"<cite>\1</cite>", text) + "</p>"
