"""The ablation tells which change moves which loss; an exhibition stands with all that it shows."""

import pytest

from comparisons.claims import Audit, fact, found
from comparisons.exhibition import Ablation, Exhibition, ablate
from purenet.purity import PurityReport

ABLATION = Ablation("W", "net.W", ((4.0, 9.0), (4.0, 9.0)), ((4.0, 4.0), (9.0, 9.0)))
NAN = float("nan")


class Net:
    """A state to capture."""

    def __init__(self, W):
        self.W = W


def ablated(mutating, pure, net):
    def set_state(value):
        net.W = value

    return ablate(
        argument="W",
        state="net.W",
        mutating=mutating,
        pure=pure,
        unchanged=2.0,
        changed=3.0,
        set_state=set_state,
    )


def test_the_ablation_calls_both_losses_in_all_four_cases():
    net = Net(2.0)
    shown = ablated(lambda W: net.W**2, lambda W: W**2, net)
    assert shown.mutating == ((4.0, 9.0), (4.0, 9.0))
    assert shown.pure == ((4.0, 4.0), (9.0, 9.0))
    assert shown.holds


@pytest.mark.parametrize(
    ("mutating", "pure"),
    [
        (((4, 9), (4, 9)), ((4, 9), (4, 9))),  # the pure loss follows the state
        (((4, 4), (9, 9)), ((4, 4), (9, 9))),  # the mutating loss follows its argument
        (((4, 4), (4, 4)), ((4, 4), (9, 9))),  # nothing moves the mutating loss
        (((4, 9), (4, 9)), ((4, 4), (4, 4))),  # nothing moves the pure loss
        (((4, 9), (4, 9)), ((4, 5), (9, 9))),  # the state moves the pure loss too
        (((NAN, NAN), (NAN, NAN)), ((4, 4), (9, 9))),
    ],
)
def test_the_ablation_fails_where_anything_else_moves_a_loss(mutating, pure):
    assert not Ablation("W", "net.W", mutating, pure).holds


def test_the_ablation_puts_the_state_back():
    net = Net(2.0)
    ablated(lambda W: net.W**2, lambda W: W**2, net)
    assert net.W == 2.0


def test_the_ablation_puts_the_state_back_also_after_an_error():
    net = Net(2.0)

    def raises_half_way(W):
        if net.W == 3.0:
            raise RuntimeError("half-way")
        return W

    with pytest.raises(RuntimeError, match="half-way"):
        ablated(raises_half_way, raises_half_way, net)
    assert net.W == 2.0


def test_an_exhibition_holds_with_every_claim_and_its_ablation():
    good = fact("good", holds=True)
    separates = Ablation("W", "net.W", ((4, 9), (4, 9)), ((4, 4), (9, 9)))
    mixes = Ablation("W", "net.W", ((4, 9), (4, 9)), ((4, 9), (9, 9)))
    assert Exhibition("n", "t", (good,)).holds
    assert Exhibition("n", "t", (good,), separates).holds
    assert not Exhibition("n", "t", (good, fact("bad", holds=False)), separates).holds
    assert not Exhibition("n", "t", (good,), mixes).holds


def test_an_exhibition_stands_and_falls_with_its_claims_on_its_audits():
    audit = Audit("f", PurityReport("f", ()))
    right, wrong = found("s", audit), found("s", audit, ("ignored-parameter", "W"))
    assert Exhibition("n", "t", (right,), audits=(audit,)).holds
    assert not Exhibition("n", "t", (wrong,), audits=(audit,)).holds


def test_a_notebook_shows_what_the_page_shows():
    shown = Exhibition("n", "t", (fact("a < b", holds=True),), ABLATION, ("a note",))
    for one in (shown, ABLATION):
        cell = one._repr_html_()
        assert cell.startswith('<div class="purenet"><style>')
        assert one.html() in cell
    assert ABLATION.html() in shown.html()
    assert "a &lt; b" in shown.html()
    assert '<p class="note">a note</p>' in shown.html()
