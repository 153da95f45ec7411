"""Figures that papers print, and what stands beside them in a study's tables.

A study is a module of ``studies/``:

``TITLE, CITATION, WRONG, ASSUMED``
    Its name, its source, what its protocol gets wrong, and what it leaves open that this
    project settled.
``PUBLISHED``
    The paper's figures.
``USUAL``
    Tag to the value of a run that doesn't say: how the paper did it. A literal.
``CAPTIONS``
    Title of each table that `tables` returns.
``SECTIONS``, if it has any
    Heading to the names of tables that stand below it; the others stand beside the published
    figures. A literal.
``HEADLINE``, if it has many metrics
    Those that stand first, by name; the others are folded away.
``WORDS``, if values of its tags don't speak for themselves
    Tag to how a value of it is said: ``{"init": "from {}"}``. A literal.
``GAINS``, if the paper tells of any
    What is gained over a run that is otherwise alike, as a share of its figure: `Gains`.
``tables(scores, costs, *, options) -> {name: DataFrame}``
    Tables of its own, made of the study's scores and of what its models cost (the frame of
    ``costs.csv``). Every cell is printed as it is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Published:
    """A figure of a paper.

    Attributes
    ----------
    tags
        What names the run; runs with these tags, and the usual value of every other, stand
        beside it.
    metric, name
        The metric, and the class where it is one class's.
    value
        As a share where the paper gives per cent.
    source
        Table or page.
    open
        Tags that the paper leaves open: a run stands beside the figure whatever they say, and
        they are remarked where they are unusual.
    """

    tags: Mapping[str, str] = field(default_factory=dict)
    metric: str
    name: str = ""
    value: float
    source: str
    open: tuple[str, ...] = ()

    def fits(self, scores: pd.DataFrame, usual: Mapping[str, str]) -> pd.DataFrame:
        """Return the rows of test scores that stand beside this figure."""
        chosen = (scores["metric"] == self.metric) & (scores["class"] == self.name)
        chosen &= scores["part"] == "test"
        usual = {tag: value for tag, value in usual.items() if tag not in self.open}
        for tag, value in {**usual, **self.tags}.items():
            column = f"tag_{tag}"
            if column in scores:
                chosen &= scores[column] == value
            elif tag in self.tags:
                chosen &= False
        return scores[chosen]

    def remark(self, row: Mapping[str, Any], usual: Mapping[str, str]) -> str:
        """Return what is to be known of a run beside this figure, and goes not without saying."""
        said = {tag: str(row.get(f"tag_{tag}") or "") for tag in ("scale", *self.open)}
        return ", ".join(v for tag, v in said.items() if v and v != usual.get(tag))


@dataclass(frozen=True, kw_only=True)
class Gains:
    """What a run gains over those it is measured from, relative to their figures.

    Attributes
    ----------
    tag
        What tells the runs apart: ``init``.
    bases
        What gains are measured from: a name, and the tags of such a run,
        ``{"init": "scratch"}``. Every other tag is the same in both. The first is the paper's.
    figures
        The paper's: their metric is the one whose gain it is, a share.
    """

    tag: str
    bases: Mapping[str, Mapping[str, str]]
    figures: tuple[Published, ...]

    def paper(self, tags: Mapping[str, str], metric: str, base: str) -> float:
        """Return the paper's gain of a run with these tags; NaN where it gives none."""
        for figure in self.figures if base == next(iter(self.bases)) else ():
            if figure.metric == metric and _has(tags, figure.tags):
                return figure.value
        return float("nan")

    def from_base(self, base: str, of: Mapping[str, str], to: Mapping[str, str]) -> bool:
        """Whether a run with tags `of` gains something over a base, one with tags `to`."""
        asked = self.bases[base]
        if not _has(to, asked) or of.get(self.tag) in (asked[self.tag], "none", None):
            return False
        others = [{k: v for k, v in tags.items() if k not in asked} for tags in (of, to)]
        return others[0] == others[1]


def _has(tags: Mapping[str, str], asked: Mapping[str, str]) -> bool:
    return all(tags.get(tag) == value for tag, value in asked.items())


def text(value: float, *, digits: int = 3) -> str:
    """Return a number as tables print it, a dash where there is none."""
    rounded = round(value, digits) + 0.0  # never −0
    return "–" if value != value else f"{rounded:.{digits}f}".replace("-", "−")


def estimate(row: Mapping[str, Any], *, digits: int = 3) -> str:
    """Return a row's value with its interval, where it has one."""
    shown = text(row["value"], digits=digits)
    ends = [text(row[end], digits=digits) for end in ("low", "high")]
    return shown if "–" in ends else f"{shown} [{', '.join(ends)}]"


def beside(
    figures: Iterable[Published], scores: pd.DataFrame, usual: Mapping[str, str]
) -> pd.DataFrame:
    """Return each published figure beside ours, one row a run; alone where there is no run."""
    rows: list[dict[str, Any]] = []
    for figure in figures:
        about = {
            **{f"tag_{tag}": value for tag, value in figure.tags.items()},
            "metric": figure.metric,
            "class": figure.name,
            "published": figure.value,
            "source": figure.source,
        }
        ours = figure.fits(scores, usual)
        for row in ours.to_dict("records"):
            kept = {k: row[k] for k in ("run", "protocol", "split", "repeats")}
            kept["remark"] = figure.remark(row, usual)
            interval = {k: row[k] for k in ("low", "high", "simulated")}
            difference = row["value"] - figure.value
            rows.append(
                {**about, **kept, "ours": row["value"], **interval, "difference": difference}
            )
        if ours.empty:
            nothing = dict.fromkeys(("run", "protocol", "split", "remark"), "")
            rows.append({**about, **nothing, "ours": np.nan})
    return pd.DataFrame(rows)
