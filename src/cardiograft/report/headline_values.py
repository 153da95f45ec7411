"""A measured table as the first screen reads it: by run and metric, every cell text."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cardiograft import plugins
from cardiograft.report import wording
from cardiograft.report.cells import Cell, once
from cardiograft.report.measured_names import COMPARISON, DIFFERS, P_HOLM, MeasuredRow

ABSENT = Cell("not run here", mark="faint")
ENDS = ("low", "high")


@dataclass(frozen=True, kw_only=True)
class Values:
    """A measured table's rows by run and metric, over all classes; every cell is text."""

    by_run: Mapping[tuple[str, str], MeasuredRow]
    by_class: Mapping[tuple[str, str, str], MeasuredRow]
    rows: tuple[MeasuredRow, ...]
    lacking: Mapping[str, str]

    def noted(self, sentence: str, *runs: str) -> str:
        """Return a sentence with the classes that the test parts of its runs lack."""
        notes = once(self.lacking[run] for run in runs if self.lacking.get(run))
        return f"{sentence.removesuffix('.')} ({'; '.join(notes)})." if notes else sentence

    def cell(self, run: str, metric: str, percent: bool) -> Cell:
        """Return a run's value with its interval, or that it was not run."""
        row = self.of(run, metric)
        if row is None:
            return ABSENT
        text = wording.number(row["value"], percent=percent)
        return Cell(text, small=ends(row, percent), warning=self.lacking.get(run, ""))

    def chosen_on(self, run: str) -> str:
        """Return how a run was chosen, a key of `wording.CHOSEN_ON`; empty where it is unsaid."""
        return next((r["chosen_on"] for r in self.rows if r["run"] == run and r["chosen_on"]), "")

    def recipe(self, run: str) -> str:
        """Return how to say that a run is trained otherwise than the paper; nothing if it isn't."""
        other = (run, DIFFERS, "recipe") in self.by_class
        return "by another recipe" if other else ""

    def of(self, run: str, metric: str) -> MeasuredRow | None:
        """Return a run's row where it has a value, else nothing."""
        row = self.by_run.get((run, metric))
        return None if row is None or wording.absent(row["value"]) else row

    def compared(self, run: str, other: str, metric: str) -> "Compared | None":
        """Return two runs' difference on the people that they share, where it was taken.

        By the metric, or else by the one that they were compared by; whichever of the two runs
        the comparison names first.
        """
        for pair, sign in ((f"{run} - {other}", 1), (f"{other} - {run}", -1)):
            by_metric = {
                row["metric"]: row
                for row in self.rows
                if row["run"] == pair
                and row["protocol"] == COMPARISON
                and row["metric"] in plugins.names("metrics")
                and not any(wording.absent(row[key]) for key in ("value", *ENDS))
            }
            if by_metric:
                by = metric if metric in by_metric else next(iter(by_metric))
                p = self.by_run.get((pair, P_HOLM))
                return Compared(
                    metric=by,
                    row=by_metric[by] if sign > 0 else _turned(by_metric[by]),
                    corrected_p="" if p is None else str(p["value"]),
                )
        return None


@dataclass(frozen=True, kw_only=True)
class Compared:
    """The difference of two runs, people paired.

    Attributes
    ----------
    metric
        What it is of.
    row
        Its value and its interval.
    corrected_p
        Corrected for its question; empty where absent.
    """

    metric: str
    row: MeasuredRow
    corrected_p: str


def _turned(row: MeasuredRow) -> MeasuredRow:
    """Return the difference of two runs the other way round."""
    value, low, high = (str(-float(row[key])) for key in ("value", *ENDS))
    return {**row, "value": value, "low": high, "high": low}


def metric_facts(name: str) -> dict[str, Any]:
    """Return a metric's title, whether it is a percentage, and which way is better."""
    known = plugins.constants("metrics", name)
    keys = {"title": "TITLE", "percent": "PERCENT", "lower_is_better": "LOWER_IS_BETTER"}
    return {key: known[constant] for key, constant in keys.items()}


def within(title: str) -> str:
    """Return a title as it is written within a sentence: names and symbols keep their capital."""
    word = title.partition(",")[0]
    return title[0].lower() + title[1:] if word.isalpha() and word.istitle() else title


def ends(row: MeasuredRow, percent: bool, *, signed: bool = False) -> str:
    """Return an interval that no line break parts."""
    ends = wording.interval(row["low"], row["high"], percent=percent, signed=signed)
    return ends.replace(" ", "\N{NO-BREAK SPACE}")
