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
``tables(scores, *, options) -> {name: DataFrame}``
    Tables of its own, made of the study's scores.
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
    """

    tags: Mapping[str, str] = field(default_factory=dict)
    metric: str
    name: str = ""
    value: float
    source: str

    def fits(self, scores: pd.DataFrame, usual: Mapping[str, str]) -> pd.DataFrame:
        """Return the rows of test scores that stand beside this figure."""
        chosen = (scores["metric"] == self.metric) & (scores["class"] == self.name)
        chosen &= scores["part"] == "test"
        for tag, value in {**usual, **self.tags}.items():
            column = f"tag_{tag}"
            if column in scores:
                chosen &= scores[column] == value
            elif tag in self.tags:
                chosen &= False
        return scores[chosen]


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
            kept["remark"] = row.get("tag_scale", "")
            interval = {k: row[k] for k in ("low", "high", "simulated")}
            difference = row["value"] - figure.value
            rows.append(
                {**about, **kept, "ours": row["value"], **interval, "difference": difference}
            )
        if ours.empty:
            nothing = dict.fromkeys(("run", "protocol", "split", "remark"), "")
            rows.append({**about, **nothing, "ours": np.nan})
    return pd.DataFrame(rows)
