"""The first screen: each study as one row of a table, and in a few sentences.

Row and sentences are made of a measured table (`cardiograft.report.measured`), be it of results
at hand or a published CSV: the report and the README say the same in the same words. A sentence
is there only where its numbers are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from cardiograft import plugins
from cardiograft.report import sentences, wording
from cardiograft.report.cells import Cell, once, records
from cardiograft.report.measured import DIFFERS, GAIN, GAP, MeasuredRow
from cardiograft.tables.headline import Contrast, GainsAgainst, Headline, HeadlineRun

HEAD = (
    "Study",
    "Run",
    "In the paper",
    "Here, paper’s protocol",
    "Here, unseen subjects",
    "Inflation gap",
    "Baseline, unseen subjects",
)
ABSENT = Cell("not run here", mark="faint")
SAME = Cell(wording.DASH, small="the paper tests unseen subjects too")


@dataclass(frozen=True, kw_only=True)
class HeadlineRow:
    """A study on the first screen: its cells, in the order of `HEAD`, and its sentences."""

    study: str
    cells: tuple[Cell, ...]
    sentences: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Values:
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
        return Cell(text, small=_ends(row, percent), warning=self.lacking.get(run, ""))

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
    values = _Values(by_run=by_run, by_class=by_class, rows=rows, lacking=lacking or {})
    run = _chosen(facts, values)
    first = Cell(module.TITLE, small=_data(run, facts, values), mark="simulated" * simulated)
    claims = (
        _hidden(facts, values),
        _with_choice(_value(run, facts, values), _chosen_on(run, values)),
        _above(run, facts, values),
        _effect(facts, values),
    )
    return HeadlineRow(
        study=study,
        cells=(first, *_cells(run, facts, values)),
        sentences=tuple(claim for claim in claims if claim),
    )


def _chosen(facts: Headline, values: _Values) -> HeadlineRun:
    """Return the first headline run of which the results hold both values, or else one."""
    known = {
        run: sum(values.of(name, facts.metric) is not None for name in (run.paper, run.honest))
        for run in facts.runs
    }
    return max(facts.runs, key=lambda run: known[run])  # of equal ones the first


def _data(run: HeadlineRun, facts: Headline, values: _Values) -> str:
    """Return what the headline run was measured on, and how often: ``mitdb, 3 repeats``."""
    rows = [values.of(name, facts.metric) for name in (run.honest, run.paper)]
    row = next((row for row in rows if row), None)
    if row is None:
        return ""
    return ", ".join(filter(None, (row["data"], wording.plural(row["repeats"], "repeat"))))


def _metric(name: str) -> dict[str, Any]:
    known = plugins.constants("metrics", name)
    keys = {"title": "TITLE", "percent": "PERCENT", "lower_is_better": "LOWER_IS_BETTER"}
    return {key: known[constant] for key, constant in keys.items()}


def within(title: str) -> str:
    """Return a title as it is written within a sentence: names and symbols keep their capital."""
    word = title.partition(",")[0]
    return title[0].lower() + title[1:] if word.isalpha() and word.istitle() else title


def _cells(run: HeadlineRun, facts: Headline, values: _Values) -> list[Cell]:
    percent = bool(_metric(facts.metric)["percent"])
    title = within(_metric(facts.metric)["title"])
    about = (title, facts.source, run.published_of, values.recipe(run.paper))
    where = ", ".join(part for part in about if part)
    gap = values.of(f"{run.paper} - {run.honest}", facts.metric)
    baseline = values.cell(facts.baseline.run, facts.metric, percent)
    if baseline is not ABSENT:
        baseline = replace(baseline, small=f"{facts.baseline.name} {baseline.small}".strip())
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
    small = _ends(row, percent, signed=True)
    return Cell(text, small=small, mark="strong" if shown else "")


def _ends(row: MeasuredRow, percent: bool, *, signed: bool = False) -> str:
    """Return an interval that no line break parts."""
    ends = wording.interval(row["low"], row["high"], percent=percent, signed=signed)
    return ends.replace(" ", "\N{NO-BREAK SPACE}")


def _value(run: HeadlineRun, facts: Headline, values: _Values) -> str:
    """Return what the headline run has, beside the paper's: under both protocols, or its one."""
    if run.paper != run.honest:
        return _gap(run, facts, values)
    row = values.of(run.honest, facts.metric)
    if row is None:
        return ""
    metric = _metric(facts.metric)
    percent = bool(metric["percent"])
    estimate = wording.estimate(row, percent=percent)
    claim = f"{run.name}: {within(metric['title'])} {estimate} on unseen subjects"
    printed = wording.number(facts.published, percent=percent)
    return values.noted(f"{claim} ({_whose(run, values)}: {printed}).", run.honest)


def _whose(run: HeadlineRun, values: _Values) -> str:
    """Return whose the published value is, and whether by another recipe than ours."""
    whose = f"the paper’s {run.published_of}" if run.published_of else "the paper"
    return ", ".join(filter(None, (whose, values.recipe(run.paper))))


def _gap(run: HeadlineRun, facts: Headline, values: _Values) -> str:
    """Return what the paper's protocol adds to the headline run."""
    row = values.of(f"{run.paper} - {run.honest}", facts.metric)
    paper, honest = (values.of(name, facts.metric) for name in (run.paper, run.honest))
    if row is None or row["protocol"] != GAP or paper is None or honest is None:
        return ""
    metric = _metric(facts.metric)
    percent = bool(metric["percent"])
    ours, unseen, theirs = (
        wording.number(value, percent=percent)
        for value in (paper["value"], honest["value"], facts.published)
    )
    start = f"{run.name}: {within(metric['title'])} {ours} under the paper’s protocol"
    shown = sentences.inflation({**row, "gap": row["value"]}, metric)
    claim = f"{start} ({_whose(run, values)}: {theirs}) and {unseen} on unseen subjects, {shown}."
    return values.noted(claim, run.paper, run.honest)


def _hidden(facts: Headline, values: _Values) -> str:
    """Return what a run does with the class that its value over all classes hides."""
    hidden = facts.hidden
    whole = values.of(hidden.run, hidden.metric) if hidden else None
    if hidden is None or whole is None:
        return ""
    told = []
    for name, words in hidden.metrics.items():
        row = values.by_class.get((hidden.run, name, hidden.name))
        if row is None or wording.absent(row["value"]):
            return ""
        told.append(f"{words} of {wording.estimate(row, percent=bool(_metric(name)['percent']))}")
    about = _metric(hidden.metric)
    overall = wording.estimate(whole, percent=bool(about["percent"]))
    start = f"On {hidden.of}, {hidden.words} has {wording.listed(told)}"
    claim = f"{start}; its {within(about['title'])} over all classes is {overall}."
    return values.noted(claim, hidden.run)


def _with_choice(claim: str, choice: str) -> str:
    """Return one sentence of two: how a run was chosen belongs to its value."""
    if not claim or not choice:
        return claim or choice
    return f"{claim.removesuffix('.')}; {choice[0].lower()}{choice[1:]}"


def _chosen_on(run: HeadlineRun, values: _Values) -> str:
    """Return how the headline runs were chosen; nothing where the results do not say it."""
    said = {
        wording.UNDER[protocol]: values.chosen_on(name)
        for protocol, name in (("paper", run.paper), ("honest", run.honest))
    }
    told = {where: how for where, how in said.items() if how}
    if not told:
        return ""
    if len(set(told.values())) == 1:
        return f"It was chosen {wording.CHOSEN_ON[next(iter(told.values()))]}."
    ways = [f"{wording.CHOSEN_ON[how]} {where}" for where, how in told.items()]
    return f"It was chosen {wording.listed(ways)}."


def _above(run: HeadlineRun, facts: Headline, values: _Values) -> str:
    """Return how the headline run stands to the baseline on unseen subjects."""
    ours = values.of(run.honest, facts.metric)
    base = values.of(facts.baseline.run, facts.metric)
    side = _side(ours, base, facts.metric)
    if ours is None or base is None or side is None:
        return ""
    metric = _metric(facts.metric)
    estimate = wording.estimate(base, percent=bool(metric["percent"]))
    shown = f"{facts.baseline.name} ({estimate})"
    ahead = (float(ours["value"]) > float(base["value"])) != metric["lower_is_better"]
    word = "ahead of" if ahead else "not ahead of"
    claim = {
        1: f"There it is better than its baseline, {shown}.",
        -1: f"There it is worse than its baseline, {shown}.",
        0: f"There its estimate is {word} its baseline’s, {shown}; the intervals overlap.",
    }[side]
    return values.noted(claim, run.honest, facts.baseline.run)


def _side(ours: MeasuredRow | None, base: MeasuredRow | None, metric: str) -> int | None:
    """Return 1 where ours is better than the base beyond both intervals, -1 where it is worse.

    0 where the intervals overlap; nothing where one has none.
    """
    ends = [row[end] if row else "" for row in (ours, base) for end in ("low", "high")]
    if any(wording.absent(end) for end in ends):
        return None
    low, high, base_low, base_high = map(float, ends)
    apart = 1 if low > base_high else -1 if high < base_low else 0
    return -apart if _metric(metric)["lower_is_better"] else apart


def _effect(facts: Headline, values: _Values) -> str:
    if isinstance(facts.effect, Contrast):
        return _contrast(facts.effect, values)
    return _gains(facts.effect, values) if facts.effect else ""


def _contrast(effect: Contrast, values: _Values) -> str:
    """Return what the paper's idea brings, from two runs' intervals."""
    ours, base = (values.of(run, effect.metric) for run in (effect.run, effect.without))
    side = _side(ours, base, effect.metric)
    if ours is None or base is None or side is None:
        return ""
    metric = _metric(effect.metric)
    with_, without = (wording.estimate(r, percent=bool(metric["percent"])) for r in (ours, base))
    shown = {1: "better with them", -1: "worse with them", 0: "the intervals overlap"}[side]
    title = within(metric["title"])
    start = f"With {effect.idea} {title} on unseen subjects is {with_}, without them {without}"
    return values.noted(f"{start}: {shown}.", effect.run, effect.without)


def _gains(effect: GainsAgainst, values: _Values) -> str:
    """Return the range of the gains beside the paper's, and what their intervals show."""
    honest = [r for r in values.rows if r["protocol"] == "honest"]
    gains = {base: _gains_over(base, effect.metric, honest) for base in effect.bases}
    papers = {k: r["paper"] for rows in gains.values() for k, r in rows.items() if r["paper"]}
    for base, words in effect.bases.items():
        own = [row for run, row in gains[base].items() if run in papers]
        shown = [wording.verdict(row["low"], row["high"]) for row in own]
        if own and None not in shown:
            counts = _counted(shown)
            paper = _range([papers[run] for run in gains[base] if run in papers])
            ours = _range([row["value"] for row in own])
            title = within(_metric(effect.metric)["title"])
            return (
                f"Gains in {title} by {effect.idea}, on unseen subjects, over {words}: {ours}"
                f" (the paper: {paper}); {counts}."
            )
    return ""


def _gains_over(base: str, metric: str, rows: list[MeasuredRow]) -> dict[str, MeasuredRow]:
    name = f"{GAIN}{metric} at {base}"
    own = [r for r in rows if r["metric"] == name and not wording.absent(r["value"])]
    return {str(r["run"]).partition(" - ")[0]: r for r in own}


def _range(values: list[str]) -> str:
    numbers = sorted(float(value) for value in values)
    ends = [wording.number(n, percent=True, signed=True) for n in dict.fromkeys(numbers)]
    return f"{' to '.join(dict.fromkeys((ends[0], ends[-1])))} %"


def _counted(shown: list[int | None]) -> str:
    words = {1: ("gain", "gains"), -1: ("loss", "losses")}
    some = [
        wording.plural(shown.count(sign), *names) for sign, names in words.items() if sign in shown
    ]
    if 0 in shown:
        some.append(f"{wording.count(shown.count(0))} not distinguishable from zero")
    return f"of {wording.plural(len(shown), 'source')}, {wording.listed(some)}"
