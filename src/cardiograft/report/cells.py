"""Tables as the page shows them: text in cells, escaped by the template.

With what all of them need of a study's tables: tags, and which metrics stand first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from cardiograft.report import wording
from cardiograft.report.inputs import ReportRow, Study

LONG, LEAD = 12, 6  # rows: a table of more than so many shows so many, and folds the rest


@dataclass(frozen=True)
class Cell:
    """A cell: text, a smaller second line, a class of the style, a share that shades it.

    Attributes
    ----------
    warning
        What must be known to read it: a third line, set off from the others.
    """

    text: str
    small: str = ""
    mark: str = ""
    share: float | None = None
    warning: str = ""


Line = Sequence[str | Cell]


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
    rows: Sequence[Line]
    words: frozenset[int] = frozenset()
    note: str = ""
    kind: str = ""

    @property
    def lead(self) -> Sequence[Line]:
        """The rows that are always in sight: all of a short table, the first of a long one."""
        return self.rows if len(self.rows) <= LONG else self.rows[:LEAD]

    @property
    def rest(self) -> Sequence[Line]:
        """The rows that are folded away."""
        return self.rows[len(self.lead) :]


def any_bold(lines: Iterable[Line]) -> bool:
    """Whether some cell is set in bold."""
    return any(isinstance(c, Cell) and "strong" in c.mark for line in lines for c in line)


def records(frame: Any) -> list[dict[str, Any]]:
    """Return a frame's rows as dictionaries."""
    rows: list[dict[str, Any]] = frame.to_dict("records")
    return rows


def tags_of(row: ReportRow) -> dict[str, str]:
    """Return the tags that a row has."""
    return {k.removeprefix("tag_"): str(v) for k, v in row.items() if k.startswith("tag_") and v}


def of_classes(study: Study) -> bool:
    """Whether any of the runs names classes."""
    return "count" in study.frame("confusion")


def overall(rows: Iterable[ReportRow], about: Any) -> list[str]:
    """Return the metrics with a value over all classes, the primary one first."""
    metrics = once(r["metric"] for r in rows if not r["class"])
    primary = about["primary"].partition(":")[0]
    return sorted(metrics, key=lambda m: m != primary)


def headline(metrics: Sequence[str], about: Any, *, rest: bool = False) -> list[str]:
    """Return the metrics that stand first, all where the study names none, or the rest."""
    first = [m for m in metrics if m.partition("(")[0] in about["headline"]] or list(metrics)
    return [m for m in metrics if m not in first] if rest else first


def lookup(study: Study) -> dict[tuple[str, str, str], ReportRow]:
    """Return the test scores by run, metric and class."""
    rows = study.rows("scores")
    return {(r["run"], r["metric"], r["class"]): r for r in rows if r["part"] == "test"}


def simulated(row: ReportRow) -> bool:
    """Whether a row of a table, or a JSON object, is marked as simulated."""
    return str(row.get("simulated", "")) == "True"


def per_record(row: ReportRow) -> bool:
    """Whether a row's values count recordings, not segments."""
    return row.get("tag_per") == "record"


def once(values: Iterable[str]) -> list[str]:
    """Return each value once, in order of first sight."""
    return list(dict.fromkeys(values))


def mark(row: ReportRow) -> str:
    """Return the style of a name: that of a run, an entry or a database."""
    if str(row.get("generated", "")) == "True":
        return "generated"
    return "simulated" if simulated(row) else ""


def difference_cell(row: ReportRow, key: str, percent: bool, ends: Sequence[str] = ()) -> Cell:
    """Return a difference with its interval below, in bold where that excludes zero.

    Parameters
    ----------
    ends
        Columns of the interval's ends, ``low`` and ``high`` unless given.
    """
    low, high = (row[end] for end in ends or ("low", "high"))
    below = wording.interval(low, high, percent=percent, signed=True)
    strong = wording.verdict(low, high) in (1, -1)
    text = wording.number(row[key], percent=percent, signed=True)
    return Cell(text, small=below, mark="strong" if strong else "", warning=wording.lacking(row))


def score_cell(row: ReportRow, percent: bool, key: str = "value") -> Cell:
    """Return a value with its interval below, and the classes that its part lacks."""
    ends = wording.interval(row["low"], row["high"], percent=percent)
    text = wording.number(row[key], percent=percent)
    return Cell(text, small=ends, warning=wording.lacking(row))
