"""Files for devices, as the page shows them: size, what they lose, time of a segment."""

from collections.abc import Mapping
from typing import Any

from cardiograft.report import wording
from cardiograft.report.cells import Cell, Table
from cardiograft.report.inputs import Content, ReportInputs

# The largest difference that is printed with three digits behind the point.
DIGITS = 5e-4


def export_table(inputs: ReportInputs) -> Table | None:
    """Return a row a file; None where there are none."""
    rows: list[list[str | Cell]] = [_row(name, card) for name, card in inputs.exports.items()]
    if not rows:
        return None
    return Table(
        caption="Files for devices",
        head=(
            "File",
            "Takes",
            "Size",
            "Largest difference",
            "Lost on validation",
            "ms a call",
            "ms without view",
        ),
        rows=rows,
        words=frozenset({1, 4}),
        note=(
            "ONNX, in onnxruntime on one thread of the CPU, warm: medians and quartiles of the"
            " processor's time. The largest difference is between a score of the file and of its"
            " network, on segments of the training and validation parts."
        ),
    )


def _row(name: str, card: Content) -> list[str | Cell]:
    spec, compared = card["spec"], card["compared"].values()
    return [
        Cell(name, small=f"{spec['source']}, {spec['precision']}"),
        Cell(card["input"]["takes"], small=" × ".join(map(str, card["input"]["shape"]))),
        Cell(
            wording.size(card["file_bytes"]),
            small=f"{wording.count(card['parameters'])} parameters",
        ),
        _difference(max(part["largest_difference"] for part in compared)),
        _lost(card["metrics"]),
        _time(card["latency"]),
        _time(card["network_latency"]),
    ]


def _difference(value: float) -> str:
    return f"{value:.3f}" if value >= DIGITS else f"{value:.0e}"


def _lost(metrics: Mapping[str, Mapping[str, float]]) -> Cell:
    """Return what is lost of each metric, and the values before and after."""
    if not metrics:
        return Cell(wording.DASH)
    lost = "; ".join(f"{one['loss']:.4f} of {name}" for name, one in metrics.items())
    values = (f"{one['network']:.4f} to {one['file']:.4f}" for one in metrics.values())
    return Cell(lost, small="; ".join(values))


def _time(taken: Mapping[str, Any]) -> Cell:
    return Cell(f"{taken['ms']:.3g}", small=f"{taken['low_ms']:.3g} to {taken['high_ms']:.3g}")
