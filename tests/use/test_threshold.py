"""From which probability on a segment is of a class: the most probable one, or by a threshold."""

from dataclasses import dataclass

import numpy as np
import pytest

from cardiograft.use.apply_command import with_threshold
from cardiograft.use.outputs import classes
from cardiograft.use.predictor import Threshold

TWO = ("high", "low")
SCORES = np.array([[0.8, 0.2], [0.65, 0.35], [0.4, 0.6]], dtype=np.float32)


@dataclass(frozen=True)
class Network:
    """What of a network is looked at here."""

    kind: str = "classes"
    labels: tuple[str, ...] = TWO
    where: str = "net"
    own_threshold: Threshold | None = None
    threshold: Threshold | None = None


def test_a_threshold_names_its_class_from_there_on() -> None:
    assert classes("classes", TWO, SCORES) == ["high", "high", "low"]
    assert classes("classes", TWO, SCORES, Threshold("low", 0.35)) == ["high", "low", "low"]
    assert classes("classes", TWO, SCORES, Threshold("high", 0.7)) == ["high", "low", "low"]


def test_of_more_classes_the_most_probable_other_one_is_left() -> None:
    score_NK = np.array([[0.5, 0.2, 0.3], [0.6, 0.3, 0.1]], dtype=np.float32)
    names = classes("classes", ("a", "b", "c"), score_NK, Threshold("a", 0.55))
    assert names == ["c", "a"]


def test_the_cards_own_or_a_number_is_taken() -> None:
    own = Threshold("low", 0.3)
    known = Network(own_threshold=own)
    assert with_threshold(known, None).threshold is None
    assert with_threshold(known, "validation").threshold == own
    assert with_threshold(known, "0.7").threshold == ("low", 0.7)


@pytest.mark.parametrize(
    ("network", "text", "message"),
    [
        (Network(), "validation", "the card of net has none"),
        (Network(labels=("a", "b", "c")), "0.5", "net has not two classes"),
        (Network(kind="signal", labels=("II", "V")), "0.5", "has not two classes"),
        *((Network(), bad, "a number between 0 and 1") for bad in ("0", "1", "nan", "much")),
    ],
)
def test_what_can_not_be_is_said(network: Network, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        with_threshold(network, text)
