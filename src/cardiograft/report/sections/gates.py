"""Quality gates: how many segments of each database and label passed, and what judged them."""

from typing import Any

from cardiograft.report import wording
from cardiograft.report.cells import Cell, Table, mark
from cardiograft.report.inputs import Content, ReportInputs

LOW = {"dropped": "low ones are dropped", "thinned": "low ones are kept by their weight"}
PIECES = {"mean": "the mean of its pieces", "worst": "the worst of its pieces"}


def gate_table(inputs: ReportInputs) -> Table | None:
    """Return what each gate let pass, a row a database and label; nothing where there is none."""
    gated = [(n, s) for n, s in inputs.segments.items() if "quality_gate" in s]
    rows: list[list[str | Cell]] = []
    for name, summary in gated:
        for number, row in enumerate(summary["quality_gate"]["counts"]):
            about = _about(summary["quality_gate"]) if not number else ""
            rows.append(
                [
                    Cell(name, small=about, mark=mark(summary)),
                    str(row["database"]),
                    row["label"] or wording.DASH,
                    wording.count(row["segments"]),
                    _share(row["low"], row["segments"]),
                    wording.count(row["unjudged"]),
                    _share(row["kept"], row["segments"]),
                    f"{wording.count(row['recordings_kept'])} of"
                    f" {wording.count(row['recordings'])}",
                ]
            )
    if not rows:
        return None
    return Table(
        caption="Quality gates: segments that a network lets pass",
        head=("Gate", "Database", "Label", "Segments", "Low", "Not judged", "Kept", "Recordings"),
        rows=rows,
        words=frozenset({1, 2}),
        note=" ".join(line for name, s in gated for line in _notes(name, s["quality_gate"])),
    )


def _share(part: int, whole: int) -> Cell:
    share = wording.number(part / whole, percent=True) if whole else wording.DASH
    return Cell(wording.count(part), small=share)


def _about(gate: Content) -> str:
    network = gate["file"] or f"{gate['model']}, repeat {gate['repeat']}"
    shown = gate["judged"] or gate["segments"]
    pieces = "" if shown == gate["segments"] else f"; {PIECES[gate['of_pieces']]} of {shown}"
    return (
        f"{network}: {gate['label']!r} above {gate['threshold']:g}; {LOW[gate['low']]}{pieces};"
        f" weights {str(gate['weights_sha256'])[:12]}"
    )


def _notes(name: str, gate: dict[str, Any]) -> list[str]:
    """Return what has to be known of a gate: its people, and what it was not trained on."""
    notes = []
    if gate["file"] and not gate["trained_on"]:
        notes.append(f"{name}: on whom its network was trained is not known, and not audited.")
    # Summaries of earlier releases do not count these.
    if lacking := sum(one.get("partly_without_signal", 0) for one in gate["counts"]):
        notes.append(
            f"{name}: parts of {wording.count(lacking)} segments could not be judged for lack of"
            " signal (a flat line, or a gap), and count as low."
        )
    if gate["differences"]:
        notes.append(
            f"{name}: what its network is shown differs from what it was trained on:"
            f" {'; '.join(gate['differences'])}."
        )
    return notes
