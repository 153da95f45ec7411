"""Values that papers print, and the runs of a study that stand beside them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Published:
    """A value that a paper prints.

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
        Tags that the paper leaves open: a run stands beside the value whatever they are, and
        they are remarked on where they are unusual.
    """

    tags: Mapping[str, str] = field(default_factory=dict)
    metric: str
    name: str = ""
    value: float
    source: str
    open: tuple[str, ...] = ()

    def fits(self, scores: pd.DataFrame, usual: Mapping[str, str]) -> pd.DataFrame:
        """Return the rows of test scores that stand beside this value."""
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
        """Return the tags in which a run differs from the paper's setting."""
        own = {tag: str(row.get(f"tag_{tag}") or "") for tag in ("scale", *self.open)}
        return ", ".join(v for tag, v in own.items() if v and v != usual.get(tag))


def beside(
    values: Iterable[Published], scores: pd.DataFrame, usual: Mapping[str, str]
) -> pd.DataFrame:
    """Return each published value beside ours, one row a run; alone where there is no run."""
    rows: list[dict[str, Any]] = []
    for published in values:
        about = {
            **{f"tag_{tag}": value for tag, value in published.tags.items()},
            "metric": published.metric,
            "class": published.name,
            "published": published.value,
            "source": published.source,
        }
        ours = published.fits(scores, usual)
        rows += [{**about, **_ours(published, row, usual)} for row in ours.to_dict("records")]
        if ours.empty:
            nothing = dict.fromkeys(("run", "protocol", "split", "remark", "missing_classes"), "")
            rows.append({**about, **nothing, "ours": np.nan})
    return pd.DataFrame(rows)


def _ours(published: Published, row: Mapping[Any, Any], usual: Mapping[str, str]) -> dict[str, Any]:
    return {
        **{key: row[key] for key in ("run", "protocol", "split", "repeats")},
        "remark": published.remark(row, usual),
        "ours": row["value"],
        **{key: row[key] for key in ("low", "high", "simulated")},
        "difference": row["value"] - published.value,
        "missing_classes": row.get("missing_classes", ""),
    }
