"""What each run does otherwise than the paper, as its own options say: recipe, data, size."""

from collections.abc import Mapping, Sequence

from cardiograft.report.cells import Cell, Line, Table, once
from cardiograft.report.inputs import ReportRow, Study
from cardiograft.report.run_names import RunNames

CAPTION = "What each run does otherwise than the paper"
NOTE = (
    "Compared option by option: those that the paper tells. Only a run of the paper’s recipe stands"
    " beside a published value, and under the paper’s protocol only one on the paper’s data; what"
    " is then left between the two is in its size, and in what the paper leaves open."
)
NOTHING = "nothing"
Lines = Mapping[str, Sequence[str]]


def by_run(rows: Sequence[ReportRow]) -> dict[str, dict[str, list[str]]]:
    """Return, of each run, the lines of each kind."""
    lines_by_run: dict[str, dict[str, list[str]]] = {}
    for row in rows:
        lines_by_run.setdefault(row["run"], {}).setdefault(row["kind"], []).append(row["line"])
    return lines_by_run


def summary(lines: Lines) -> str:
    """Return a run's differences in one line; that there are none, where there are none."""
    return "; ".join(f"{kind}: {', '.join(own)}" for kind, own in lines.items()) or NOTHING


def table(study: Study, names: RunNames) -> Table | None:
    """Return a row a run, those that stand beside a published value first."""
    every = by_run(study.rows("differences"))
    if not every:
        return None
    beside = once(row["run"] for row in study.rows("published") if row["run"])
    kinds = once(kind for own in every.values() for kind in own)
    protocols = {row["run"]: row["protocol"] for row in study.rows("scores")}
    lines: list[Line] = [
        [
            Cell(names.by_run.get(run, run), small=run),
            protocols[run],
            *(Cell("; ".join(every.get(run, {}).get(k, ())) or NOTHING) for k in kinds),
        ]
        for run in once([*beside, *every])
    ]
    return Table(
        caption=CAPTION,
        head=("Run", "Protocol", *(kind.capitalize() for kind in kinds)),
        rows=lines,
        words=frozenset(range(1, 2 + len(kinds))),
        note=NOTE,
    )
