"""What lies below a study's overall figures: classes, confusions, single recordings."""

from collections.abc import Sequence

from cardiograft.report import wording
from cardiograft.report.cells import Cell, Labels, Row, Table, mark, once, records, score_cell
from cardiograft.report.inputs import Study

WORST = 8  # recordings of a run that are listed one by one


def class_tables(study: Study, named: Labels) -> list[Table]:
    """Return, a split each, the figures of every class of every run."""
    rows = [r for r in records(study.frame("scores")) if r["part"] == "test" and r["class"]]
    found = []
    for split in once(r["split"] for r in rows):
        own = [r for r in rows if r["split"] == split]
        for metrics in _alike(own):
            chosen = [r for r in own if r["metric"] in metrics]
            found.append(_class_table(study, named, chosen, split=split))
    return found


def _alike(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """Return groups of metrics that have the same classes."""
    classes: dict[tuple[str, ...], list[str]] = {}
    for metric in once(r["metric"] for r in rows):
        key = tuple(once(r["class"] for r in rows if r["metric"] == metric))
        classes.setdefault(key, []).append(metric)
    return [tuple(metrics) for metrics in classes.values()]


def _class_table(study: Study, named: Labels, rows: Sequence[Row], *, split: str) -> Table:
    about = study.about["metrics"]
    metrics = once(r["metric"] for r in rows)
    found = []
    for run in once(r["run"] for r in rows):
        for name in once(r["class"] for r in rows if r["run"] == run):
            own = {r["metric"]: r for r in rows if r["run"] == run and r["class"] == name}
            first = next(iter(own.values()))
            cells = [
                score_cell(own[m], about[m]["percent"]) if m in own else Cell("") for m in metrics
            ]
            head = Cell(named.by_run[run], mark=mark(first))
            rests = wording.count(first["segments"]), first["subjects"]
            found.append([head, name, *cells, *rests])
    titles = [about[m]["title"] for m in metrics]
    return Table(
        caption=f"By class, {split}: {_listed(titles)}",
        head=("Run", "Class", *titles, "Segments", "Subjects"),
        rows=found,
        words=frozenset({1}),
        kind="grouped",
    )


def _listed(titles: Sequence[str]) -> str:
    return ", ".join([titles[0], *(t[0].lower() + t[1:] for t in titles[1:])])


def confusions(study: Study, named: Labels) -> list[Table]:
    """Return a run's confusion matrix each, shaded by the share of the true class."""
    if study.frame("confusion").empty or "count" not in study.frame("confusion"):
        return []
    rows = [r for r in records(study.frame("confusion")) if r["part"] == "test"]
    found = []
    for run in once(r["run"] for r in rows):
        own = {(r["true"], r["predicted"]): float(r["count"]) for r in rows if r["run"] == run}
        names = sorted({name for pair in own for name in pair})
        lines: list[list[str | Cell]] = []
        for true in names:
            total = sum(own.get((true, said), 0.0) for said in names)
            cells = [_cell(own.get((true, said), 0.0), total) for said in names]
            lines.append([true, *cells])
        caption = f"{named.by_run[run]} ({run})"
        found.append(Table(caption=caption, head=("", *names), rows=lines, kind="confusion"))
    return found


def _cell(number: float, total: float) -> Cell:
    return Cell(wording.mean_count(number), share=round(number / total, 3) if total else 0.0)


def singled_out(study: Study, named: Labels) -> list[Table]:
    """Return, for each recording that some figure leaves out, what every run says of its segments.

    One recording can decide a figure: these show how.
    """
    if "count" not in study.frame("records"):
        return []
    rows = [r for r in records(study.frame("records")) if r["part"] == "test"]
    found = []
    for name in study.about["singled_out"]:
        own = [r for r in rows if r["record"] == name]
        pairs = sorted({(str(r["true"]), str(r["predicted"])) for r in own})
        lines = [_said_of(run, own, pairs, study, named) for run in once(r["run"] for r in own)]
        if lines:
            found.append(
                Table(
                    caption=f"Recording {name}, run by run",
                    head=("Run", "Split", *(f"{true} as {said}" for true, said in pairs)),
                    rows=lines,
                    words=frozenset({1}),
                    note="Means over repeats.",
                )
            )
    return found


def _said_of(
    run: str,
    rows: Sequence[Row],
    pairs: Sequence[tuple[str, str]],
    study: Study,
    named: Labels,
) -> list[str | Cell]:
    count = {(r["true"], r["predicted"]): float(r["count"]) for r in rows if r["run"] == run}
    first = next(r for r in records(study.frame("scores")) if r["run"] == run)
    numbers = [wording.mean_count(count.get(pair, 0.0)) for pair in pairs]
    return [Cell(named.by_run[run], mark=mark(first)), first["split"], *numbers]


def record_tables(study: Study, named: Labels) -> list[Table]:
    """Return a run's errors each, by recording, the worst first."""
    if "count" not in study.frame("records"):
        return []
    rows = [r for r in records(study.frame("records")) if r["part"] == "test"]
    found = []
    for run in once(r["run"] for r in rows):
        lines = [
            _record(name, [r for r in rows if r["run"] == run and r["record"] == name])
            for name in once(r["record"] for r in rows if r["run"] == run)
        ]
        lines.sort(key=lambda line: (-line[0], line[1][0]))
        rest = len(lines) - WORST
        found.append(
            Table(
                caption=f"{named.by_run[run]} ({run})",
                head=("Recording", "Segments", "Errors", "Share", "Most frequent errors"),
                rows=[line for _, line in lines[:WORST]],
                words=frozenset({4}),
                note=f"and {rest} more with fewer errors" if rest > 0 else "",
            )
        )
    return found


def _record(name: str, rows: Sequence[Row]) -> tuple[float, list[str]]:
    total = sum(float(r["count"]) for r in rows)
    wrong = [r for r in rows if r["true"] != r["predicted"]]
    errors = sum(float(r["count"]) for r in wrong)
    worst = sorted(wrong, key=lambda r: -float(r["count"]))[:3]
    said = ", ".join(
        f"{r['true']} as {r['predicted']} {wording.mean_count(r['count'])}" for r in worst
    )
    share = wording.number(errors / total, percent=True)
    return errors, [
        name,
        wording.count(total),
        wording.mean_count(errors),
        share,
        said or wording.DASH,
    ]
