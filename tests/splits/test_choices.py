"""What an evaluation says of how it was chosen is refused where the run itself contradicts it."""

import pyarrow as pa
import pytest

from cardiograft.specs.audit import Audit
from cardiograft.splits.choices import choice_complaint


def split(**people: list[str]) -> pa.Table:
    rows = [(subject, part) for part, subjects in people.items() for subject in subjects]
    return pa.table({"subject": [s for s, _ in rows], "part": [p for _, p in rows]})


TABLES = {
    "watched": split(train=["a", "b"], validation=["c"], test=["d"]),
    "plain": split(train=["a", "b"], test=["d"]),
    "single": split(train=["a", "a"], test=["d"]),
}


def complaint(
    chosen_on: str | None,
    *,
    split: str = "plain",
    uses: tuple[str, ...] = ("train", "validation"),
    **more: object,
) -> str:
    lineage = [
        {"stage": "transfer", "entry": "net", "split": split, "uses": uses},
        {"stage": "pretrain", "entry": "source", "split": "watched", "uses": ("train",)},
    ]
    spec = Audit.model_validate(
        {
            "protocol": "honest",
            "split": split,
            "lineage": lineage,
            "chosen_on": chosen_on,
            **more,
        }
    )
    return choice_complaint(spec, TABLES)


@pytest.mark.parametrize(
    ("chosen_on", "more"),
    [
        (None, {}),
        ("test", {}),
        ("untuned", {}),
        ("published", {}),
        ("elsewhere", {}),
        ("validation", {"split": "watched"}),
        ("validation", {"chosen_in": "workflow/config/choices/cnn.yaml"}),
        ("validation", {"parts": ["validation"]}),
        ("cross-validation", {}),
        ("test", {"uses": ("train", "validation", "test")}),
    ],
)
def test_what_can_be(chosen_on: str | None, more: dict[str, object]) -> None:
    assert complaint(chosen_on, **more) == ""  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("chosen_on", "more", "message"),
    [
        ("validation", {}, "split 'plain' of transfer 'net' has no validation part"),
        ("cross-validation", {"split": "single"}, "trains on fewer than two subjects"),
        *(
            (how, {"split": "watched", "uses": ("train", "validation", "test")}, "on a test part")
            for how in ("validation", "cross-validation", "published", "elsewhere", "untuned")
        ),
    ],
)
def test_what_can_not_be(chosen_on: str, more: dict[str, object], message: str) -> None:
    line = complaint(chosen_on, **more)  # type: ignore[arg-type]
    assert message in line
    assert chosen_on in line
    assert "\n" not in line
