"""Figures in prose come from published tables, and no other figure is there."""

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cardiograft.report import measured, measured_names
from cardiograft.report.prose_values import renewed_values
from cardiograft.report.readme import renewed

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs/studies").glob("*.md"))
GENERATED = re.compile(r"<!-- table:(\w+) -->.*?<!-- /table:\1 -->", re.DOTALL)
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
VALUE = re.compile(r"[+−]?[\d.]+(?: %)?(?: \[[^\[\]]*\])?<!--[^<>]+-->")
# What is no measurement: a version, an edge of a band, a duration in a table of settings.
OTHER = re.compile(r"(?:Python |ODC-By |Apache-)\d\.\d+|\d+\.\d+–\d+ Hz|about \d+\.\d+ s\b")
FIGURE = re.compile(r"(?<![\w.])\d*\.\d+")
PROTOCOLS = ("paper", "honest", "personal", "dose")


def row(run: str, metric: str, value: str, **more: Any) -> dict[str, Any]:
    known = {"run": run, "metric": metric, "value": value, "protocol": "honest"}
    return {**dict.fromkeys(measured_names.COLUMNS, ""), **known, **more}


TABLE = pd.DataFrame(
    [
        row("a", "jkappa", "0.58512", low="0.398", high="0.781"),
        row("a", "sensitivity", "0.05", **{"class": "S"}),
        row("a - b", "accuracy", "0.0491", low="0.0157", high="0.0944", protocol="gap"),
        row("a, b, c", "accuracy", "0.0491", protocol="dose slope"),
        row("a", "wall_s", "366.0", protocol="", **{"class": "transfer"}),
        row("a - c", "gain of pearson at equal steps", "-0.058", low="-0.139", high="0.011"),
    ]
)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("jκ is 0.1<!--a|jkappa-->.", "jκ is 0.6<!--a|jkappa-->."),
        ("0.100 [0, 1]<!--a|jkappa-->", "0.585 [0.398, 0.781]<!--a|jkappa-->"),
        ("finds 1.0 %<!--a|sensitivity|S-->", "finds 5.0 %<!--a|sensitivity|S-->"),
        ("+1.0 [−1.0, +2.0]<!--a - b|accuracy-->", "+4.9 [+1.6, +9.4]<!--a - b|accuracy-->"),
        ("+1.00<!--slope: a|accuracy-->", "+4.91<!--slope: a|accuracy-->"),
        ("9.9<!--a|wall_s--> minutes", "6.1<!--a|wall_s--> minutes"),
        (
            "+1.0 % [+1, +2]<!--a - c|gain of pearson at equal steps-->",
            "−5.8 % [−13.9, +1.1]<!--a - c|gain of pearson at equal steps-->",
        ),
        ("the paper's .69<!--paper-->", "the paper's .69<!--paper-->"),
    ],
)
def test_a_figure_is_renewed_as_it_is_written(before: str, after: str) -> None:
    assert renewed_values(before, TABLE) == after
    assert renewed_values(after, TABLE) == after


def test_a_figure_of_nothing_published_is_refused() -> None:
    with pytest.raises(ValueError, match=r"<!--b\|jkappa-->: no such value is published"):
        renewed_values("0.1<!--b|jkappa-->", TABLE)


def test_documents_show_what_is_published() -> None:
    made = renewed(ROOT / "docs/results", pages=ROOT / "docs/studies", readme=ROOT / "README.md")
    assert {file.name for file, text in made.items() if file.read_text("utf-8") != text} == set()


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=lambda path: path.stem)
def test_prose_has_no_figure_of_its_own(page: Path) -> None:
    text = page.read_text("utf-8")
    for pattern in (GENERATED, CODE, VALUE, OTHER):
        text = pattern.sub("", text)
    assert FIGURE.findall(text) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_published_run_says_on_whom_it_was_chosen(page: Path) -> None:
    table = measured.read(ROOT / f"docs/results/{page.stem}.csv")
    tested = table[table["metric"].isin(measured_names.SHOWN) & table["protocol"].isin(PROTOCOLS)]
    own = tested[~tested["run"].str.contains(" - ")]
    assert len(own)
    assert sorted(own.loc[own["chosen_on"].fillna("") == "", "run"].unique()) == []
