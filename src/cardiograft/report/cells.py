"""Tables as the page shows them: text in cells, escaped by the template.

With what all of them ask of a study's tables: names of runs, tags, which figures stand first.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cardiograft.report import wording
from cardiograft.report.inputs import Study

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Cell:
    """A cell: text, a smaller second line, a class of the style, a share that shades it."""

    text: str
    small: str = ""
    mark: str = ""
    share: float | None = None


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table with a caption; its first column heads the rows.

    Attributes
    ----------
    words
        Columns that hold words, not numbers, besides the first.
    """

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str | Cell]]
    words: frozenset[int] = frozenset()
    note: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Labels:
    """Short names of a study's runs, of the tags that tell them apart.

    A tag that has the study's usual value goes without saying.
    """

    tags: tuple[str, ...]
    usual: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    by_run: dict[str, str] = field(default_factory=dict)

    def of(self, row: Row) -> str:
        """Return a run's name from a row that has its tags."""
        own = {tag: str(row[f"tag_{tag}"]) for tag in self.tags if row.get(f"tag_{tag}")}
        told = {t: v for t, v in own.items() if v not in (self.usual.get(t), "none")}
        return " · ".join(self.said(told)) or str(row.get("run") or "all runs")

    def said(self, tags: Mapping[str, str]) -> list[str]:
        """Return tags in the study's words: ``from cae``; alike ones once."""
        return once(self.words.get(tag, "{}").format(value) for tag, value in tags.items())


def labels(study: Study) -> Labels:
    """Return names made of the tags that differ among a study's runs, the model first."""
    scores = study.frame("scores")
    tags = [t for t in study.about["tags"] if scores[f"tag_{t}"].nunique() > 1]
    first = [t for t in ("model", "init") if t in tags]
    rest = (t for t in tags if t not in first)
    found = Labels((*first, *rest), study.about["usual"], study.about["words"])
    for row in records(scores):
        found.by_run.setdefault(row["run"], found.of(row))
    return found


def records(frame: Any) -> list[dict[str, Any]]:
    """Return a frame's rows as dictionaries."""
    rows: list[dict[str, Any]] = frame.to_dict("records")
    return rows


def tags_of(row: Row) -> dict[str, str]:
    """Return the tags that a row has."""
    return {k.removeprefix("tag_"): str(v) for k, v in row.items() if k.startswith("tag_") and v}


def of_classes(study: Study) -> bool:
    """Whether any of the runs names classes."""
    return "count" in study.frame("confusion")


def overall(rows: Sequence[Row], about: Any) -> list[str]:
    """Return the metrics with a figure over all classes, the primary one first."""
    found = once(r["metric"] for r in rows if not r["class"])
    primary = about["primary"].partition(":")[0]
    return sorted(found, key=lambda m: m != primary)


def headline(metrics: Sequence[str], about: Any, *, rest: bool = False) -> list[str]:
    """Return the metrics that stand first, all where the study names none, or the rest."""
    first = [m for m in metrics if m.partition("(")[0] in about["headline"]] or list(metrics)
    return [m for m in metrics if m not in first] if rest else first


def lookup(study: Study) -> dict[tuple[str, str, str], Row]:
    """Return the test scores by run, metric and class."""
    rows = records(study.frame("scores"))
    return {(r["run"], r["metric"], r["class"]): r for r in rows if r["part"] == "test"}


def simulated(row: Row) -> bool:
    """Whether a row of a table, or a JSON object, says that it is simulated."""
    return str(row.get("simulated", "")) == "True"


def once(values: Iterable[str]) -> list[str]:
    """Return each value once, in order of first sight."""
    return list(dict.fromkeys(values))


def mark(row: Row) -> str:
    """Return the style of a name: that of a run, an entry or a database."""
    return "simulated" if simulated(row) else ""


def difference_cell(row: Row, key: str, percent: bool) -> Cell:
    """Return a difference with its interval below, in bold where that excludes zero."""
    ends = wording.interval(row["low"], row["high"], percent=percent, signed=True)
    strong = wording.verdict(row["low"], row["high"]) in (1, -1)
    text = wording.number(row[key], percent=percent, signed=True)
    return Cell(text, small=ends, mark="strong" if strong else "")


def score_cell(row: Row, percent: bool) -> Cell:
    """Return a figure with its interval below."""
    ends = wording.interval(row["low"], row["high"], percent=percent)
    return Cell(wording.number(row["value"], percent=percent), small=ends)
