"""Values that papers print, and the runs of a study that stand beside them.

Only a run that does what the paper does stands beside its value: of the paper's recipe
(no line in ``differs`` of that kind), and under the paper's protocol on the paper's split
of the data. A run on unseen subjects differs in its data on purpose, and any run may be smaller.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cardiograft.specs.tabulate import Tabulate
from cardiograft.tables.runs import Run


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
    unasked
        Tags that are not looked at, because what they say is known otherwise.
    any_recipe
        Whether runs of another recipe stand beside it too, and of other data under its protocol:
        beside a gain of one run over another, both of which are trained alike.
    """

    tags: Mapping[str, str] = field(default_factory=dict)
    metric: str
    name: str = ""
    value: float
    source: str
    open: tuple[str, ...] = ()
    unasked: tuple[str, ...] = ()
    any_recipe: bool = False

    def fits(self, scores: pd.DataFrame, usual: Mapping[str, str]) -> pd.DataFrame:
        """Return the rows of test scores that stand beside this value."""
        chosen = (scores["metric"] == self.metric) & (scores["class"] == self.name)
        chosen &= scores["part"] == "test"
        if not self.any_recipe:
            chosen &= does_as_the_paper(scores)
        left = (*self.open, *self.unasked)
        usual = {tag: value for tag, value in usual.items() if tag not in left}
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


def does_as_the_paper(scores: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Return of each row whether its run may stand beside what the paper prints."""
    if "differs" not in scores:
        return np.ones(len(scores), dtype=bool)
    rows = zip(scores["differs"], scores["protocol"], strict=True)
    does = [
        "recipe" not in str(kinds) and not ("data" in str(kinds) and protocol == "paper")
        for kinds, protocol in rows
    ]
    return np.array(does, dtype=bool)


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


def noted(
    values: Iterable[Published], rows: pd.DataFrame, spec: Tabulate, usual: Mapping[str, str]
) -> pd.DataFrame:
    """Return rows of runs, each beside the published value that it may stand beside, if any.

    Parameters
    ----------
    rows
        With run, part, metric, protocol and tag_...; of the same metric as the values.

    Returns
    -------
    DataFrame
        The rows, with ``published`` (NaN beside none) and ``source``.
    """
    kinds = [" ".join(spec.rows[run].differs) for run in rows["run"]]
    lookup_rows = rows.assign(**{"class": "", "differs": kinds})
    noted_rows = rows.assign(published=np.nan, source="")
    for value in values:
        beside = value.fits(lookup_rows, usual).index
        noted_rows.loc[beside, ["published", "source"]] = value.value, value.source
    return noted_rows


def differences(runs: Iterable[Run]) -> pd.DataFrame:
    """Return in what each run differs from the paper: run, protocol, kind, line."""
    rows = [
        {"run": run.name, "protocol": run.row.protocol, "kind": kind, "line": line}
        for run in runs
        for kind, lines in run.row.differs.items()
        for line in lines
    ]
    return pd.DataFrame(rows, columns=["run", "protocol", "kind", "line"])


def _ours(published: Published, row: Mapping[Any, Any], usual: Mapping[str, str]) -> dict[str, Any]:
    return {
        **{key: row[key] for key in ("run", "protocol", "split", "repeats")},
        "remark": published.remark(row, usual),
        "ours": row["value"],
        **{key: row[key] for key in ("low", "high", "simulated")},
        "difference": row["value"] - published.value,
        "missing_classes": row.get("missing_classes", ""),
    }
