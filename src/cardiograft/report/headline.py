"""The first screen: each study as one row of a table, and in a few sentences.

Row and sentences are made of a measured table (`cardiograft.report.measured`), be it of results
at hand or a published CSV: the report and the README say the same in the same words. A sentence
is there only where its numbers are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd

from cardiograft import plugins
from cardiograft.report import wording
from cardiograft.report.cells import Cell, records
from cardiograft.report.headline_claims import claims
from cardiograft.report.headline_values import ABSENT, Values, ends, metric_facts, within
from cardiograft.report.measured_names import MeasuredRow
from cardiograft.tables.headline import Headline, HeadlineRun

HEAD = (
    "Study",
    "Run",
    "In the paper",
    "Here, paper’s protocol",
    "Here, unseen subjects",
    "Inflation gap",
    "Baseline, unseen subjects",
)
SAME = Cell(wording.DASH, small="the paper tests unseen subjects too")


@dataclass(frozen=True, kw_only=True)
class HeadlineRow:
    """A study on the first screen: its cells, in the order of `HEAD`, and its sentences."""

    study: str
    cells: tuple[Cell, ...]
    sentences: tuple[str, ...]


def stands(study: str) -> bool:
    """Tell whether a study has runs that stand for it on the first screen."""
    return hasattr(plugins.load("studies", study), "FIRST_SCREEN")


def headline_row(
    study: str,
    measured: pd.DataFrame,
    *,
    simulated: bool = False,
    lacking: Mapping[str, str] | None = None,
) -> HeadlineRow:
    """Return a study's row of the first screen.

    Parameters
    ----------
    study
        Name of its plug-in, which says which runs stand for it.
    measured
        Its measured table, every cell text.
    simulated
        Whether the recordings behind it are simulated.
    lacking
        Run to the classes that its test part lacks, in words; published tables lack none.
    """
    module = plugins.load("studies", study)
    facts: Headline = module.FIRST_SCREEN
    every = records(measured.fillna("").astype(str))
    rows = tuple(r for r in every if not r["class"])
    by_run = {(r["run"], r["metric"]): r for r in rows}
    by_class = {(r["run"], r["metric"], r["class"]): r for r in every if r["class"]}
    values = Values(by_run=by_run, by_class=by_class, rows=rows, lacking=lacking or {})
    run = _chosen(facts, values)
    first = Cell(module.TITLE, small=_data(run, facts, values), mark="simulated" * simulated)
    return HeadlineRow(
        study=study,
        cells=(first, *_cells(run, facts, values)),
        sentences=claims(run, facts, values),
    )


def _chosen(facts: Headline, values: Values) -> HeadlineRun:
    """Return the first headline run of which the results hold both values, or else one."""
    known = {
        run: sum(values.of(name, facts.metric) is not None for name in (run.paper, run.honest))
        for run in facts.runs
    }
    return max(facts.runs, key=lambda run: known[run])  # of equal ones the first


def _data(run: HeadlineRun, facts: Headline, values: Values) -> str:
    """Return what the headline run was measured on, and how often: ``mitdb, 3 repeats``."""
    rows = [values.of(name, facts.metric) for name in (run.honest, run.paper)]
    row = next((row for row in rows if row), None)
    if row is None:
        return ""
    return ", ".join(filter(None, (row["data"], wording.plural(row["repeats"], "repeat"))))


def _cells(run: HeadlineRun, facts: Headline, values: Values) -> list[Cell]:
    percent = bool(metric_facts(facts.metric)["percent"])
    title = within(metric_facts(facts.metric)["title"])
    about = (title, facts.source, run.published_of, values.recipe(run.paper))
    where = ", ".join(part for part in about if part)
    gap = values.of(f"{run.paper} - {run.honest}", facts.metric)
    to_beat = run.baseline or facts.baseline
    baseline = values.cell(to_beat.run, facts.metric, percent)
    if baseline is not ABSENT:
        baseline = replace(baseline, small=f"{to_beat.name} {baseline.small}".strip())
    names = ", ".join(dict.fromkeys((run.paper, run.honest)))
    return [
        Cell(run.name, small=names),
        Cell(wording.number(facts.published, percent=percent), small=where),
        values.cell(run.paper, facts.metric, percent),
        values.cell(run.honest, facts.metric, percent),
        SAME if run.paper == run.honest else _gap_cell(gap, percent),
        baseline,
    ]


def _gap_cell(row: MeasuredRow | None, percent: bool) -> Cell:
    if row is None:
        return Cell(wording.DASH)
    unit = " points" if percent else ""
    text = wording.number(row["value"], percent=percent, signed=True) + unit
    shown = wording.verdict(row["low"], row["high"]) in (1, -1)
    small = ends(row, percent, signed=True)
    return Cell(text, small=small, mark="strong" if shown else "")
