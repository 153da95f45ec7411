"""A measured table as the first screen reads it: by run and metric, every cell text."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cardiograft import plugins
from cardiograft.report import wording
from cardiograft.report.cells import Cell, once
from cardiograft.report.measured import COMPARISON, DIFFERS, P_HOLM, MeasuredRow

ABSENT = Cell("not run here", mark="faint")


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

    def paired(self, run: str, other: str, metric: str) -> MeasuredRow | None:
        """Return the difference of two runs on the people that they share, where it was taken."""
        row = self.of(f"{run} - {other}", metric)
        return row if row is not None and row["protocol"] == COMPARISON else None

    def paired_by_another(self, run: str, other: str) -> MeasuredRow | None:
        """Return their difference by the metric that they were compared by, whichever it is."""
        pair = f"{run} - {other}"
        known = set(plugins.names("metrics"))
        rows = (
            row for (name, metric), row in self.by_run.items() if name == pair and metric in known
        )
        return next((row for row in rows if row["protocol"] == COMPARISON), None)

    def corrected_p(self, run: str, other: str) -> str:
        """Return the p of their difference, corrected for its question; empty where absent."""
        row = self.by_run.get((f"{run} - {other}", P_HOLM))
        return "" if row is None else str(row["value"])


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
