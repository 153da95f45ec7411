"""What lies below a study's overall values: classes, confusions, single recordings."""

from collections.abc import Sequence

from cardiograft.report import wording
from cardiograft.report.cells import Cell, Table, once, per_record, score_cell
from cardiograft.report.inputs import ReportRow, Study
from cardiograft.report.run_names import RunNames

WORST = 8  # recordings of a run that are listed one by one


def class_tables(study: Study, names: RunNames) -> list[Table]:
    """Return, a split each, the values of every class of every run."""
    rows = [r for r in study.rows("scores") if r["part"] == "test" and r["class"]]
    tables = []
    for split in once(r["split"] for r in rows):
        own = [r for r in rows if r["split"] == split]
        for metrics in _alike(own):
            chosen = [r for r in own if r["metric"] in metrics]
            tables.append(_class_table(study, names, chosen, split=split))
    return tables


def _alike(rows: Sequence[ReportRow]) -> list[tuple[str, ...]]:
    """Return groups of metrics that have the same classes."""
    classes: dict[tuple[str, ...], list[str]] = {}
    for metric in once(r["metric"] for r in rows):
        key = tuple(once(r["class"] for r in rows if r["metric"] == metric))
        classes.setdefault(key, []).append(metric)
    return [tuple(metrics) for metrics in classes.values()]


def _class_table(study: Study, names: RunNames, rows: Sequence[ReportRow], *, split: str) -> Table:
    about = study.about["metrics"]
    metrics = once(r["metric"] for r in rows)
    lines = []
    for run in once(r["run"] for r in rows):
        for name in once(r["class"] for r in rows if r["run"] == run):
            own = {r["metric"]: r for r in rows if r["run"] == run and r["class"] == name}
            first = next(iter(own.values()))
            cells = [
                score_cell(own[m], about[m]["percent"]) if m in own else Cell("") for m in metrics
            ]
            head = names.cell(first)
            rests = wording.count(first["segments"]), first["subjects"]
            if per_record(first):
                rests = f"{rests[0]} records", rests[1]
            lines.append([head, name, *cells, *rests])
    titles = [about[m]["title"] for m in metrics]
    return Table(
        caption=f"By class, {split}: {', '.join(titles)}",
        head=("Run", "Class", *titles, "Segments", "Subjects"),
        rows=lines,
        words=frozenset({1}),
        kind="grouped",
    )


def confusions(study: Study, names: RunNames) -> list[Table]:
    """Return a run's confusion matrix each, shaded by the share of the true class."""
    if study.frame("confusion").empty or "count" not in study.frame("confusion"):
        return []
    rows = [r for r in study.rows("confusion") if r["part"] == "test"]
    tables = []
    for run in once(r["run"] for r in rows):
        own = {(r["true"], r["predicted"]): float(r["count"]) for r in rows if r["run"] == run}
        labels = sorted({name for pair in own for name in pair})
        lines: list[list[str | Cell]] = []
        for true in labels:
            total = sum(own.get((true, predicted), 0.0) for predicted in labels)
            cells = [_cell(own.get((true, predicted), 0.0), total) for predicted in labels]
            lines.append([true, *cells])
        caption = f"{names.by_run[run]} ({run})"
        tables.append(Table(caption=caption, head=("", *labels), rows=lines, kind="confusion"))
    return tables


def _cell(number: float, total: float) -> Cell:
    return Cell(wording.mean_count(number), share=round(number / total, 3) if total else 0.0)


def singled_out(study: Study, names: RunNames) -> list[Table]:
    """Return, for each recording that some metric leaves out, every run's predictions for it.

    One recording can decide a value: these show how.
    """
    if "count" not in study.frame("records"):
        return []
    rows = [r for r in study.rows("records") if r["part"] == "test"]
    tables = []
    for name in study.about["singled_out"]:
        own = [r for r in rows if r["record"] == name]
        pairs = sorted({(str(r["true"]), str(r["predicted"])) for r in own})
        lines = [_counts_of(run, own, pairs, study, names) for run in once(r["run"] for r in own)]
        if lines:
            tables.append(
                Table(
                    caption=f"Recording {name}, run by run",
                    head=("Run", "Split", *(f"{true} as {predicted}" for true, predicted in pairs)),
                    rows=lines,
                    words=frozenset({1}),
                    note="Means over repeats.",
                )
            )
    return tables


def _counts_of(
    run: str,
    rows: Sequence[ReportRow],
    pairs: Sequence[tuple[str, str]],
    study: Study,
    names: RunNames,
) -> list[str | Cell]:
    count = {(r["true"], r["predicted"]): float(r["count"]) for r in rows if r["run"] == run}
    first = next(r for r in study.rows("scores") if r["run"] == run)
    numbers = [wording.mean_count(count.get(pair, 0.0)) for pair in pairs]
    return [names.cell(first), first["split"], *numbers]


def record_tables(study: Study, names: RunNames) -> list[Table]:
    """Return a run's errors each, by recording, the worst first.

    None of runs that count each recording once: it is right there or wrong, and that is all.
    """
    if "count" not in study.frame("records"):
        return []
    whole = {r["run"] for r in study.rows("scores") if per_record(r)}
    runs: dict[str, dict[str, list[ReportRow]]] = {}
    for row in study.rows("records"):
        if row["part"] == "test" and row["run"] not in whole:
            runs.setdefault(row["run"], {}).setdefault(row["record"], []).append(row)
    tables = []
    for run, by_name in runs.items():
        lines = [_record(name, rows) for name, rows in by_name.items()]
        lines.sort(key=lambda line: (-line[0], line[1][0]))
        rest = len(lines) - WORST
        tables.append(
            Table(
                caption=f"{names.by_run[run]} ({run})",
                head=("Recording", "Segments", "Errors", "Share", "Most frequent errors"),
                rows=[line for _, line in lines[:WORST]],
                words=frozenset({4}),
                note=f"and {wording.count(rest)} others, none with more errors" if rest > 0 else "",
            )
        )
    return tables


def _record(name: str, rows: Sequence[ReportRow]) -> tuple[float, list[str]]:
    total = sum(float(r["count"]) for r in rows)
    wrong = [r for r in rows if r["true"] != r["predicted"]]
    errors = sum(float(r["count"]) for r in wrong)
    worst = sorted(wrong, key=lambda r: -float(r["count"]))[:3]
    frequent = ", ".join(
        f"{r['true']} as {r['predicted']} {wording.mean_count(r['count'])}" for r in worst
    )
    share = wording.number(errors / total, percent=True)
    return errors, [
        name,
        wording.count(total),
        wording.mean_count(errors),
        share,
        frequent or wording.DASH,
    ]
