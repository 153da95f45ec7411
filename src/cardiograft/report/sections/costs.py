"""What training and its models cost, as the page shows it: parameters, bytes, time, memory."""

from collections.abc import Sequence
from typing import Any

from cardiograft.report import wording
from cardiograft.report.cells import Cell, Table, mark, once
from cardiograft.report.inputs import Content, ReportInputs, ReportRow
from cardiograft.report.sections import pruned
from cardiograft.tables import costs


def cost_table(inputs: ReportInputs) -> Table | None:
    """Return what each trained entry cost: means over its repeats."""
    rows: list[list[str | Cell]] = []
    cards = [
        {**card, **costs.summary(card), "stage": stage, "entry": entry, "repeat": repeat}
        for (stage, entry, repeat), card in inputs.cards.items()
    ]
    known = {(r["stage"], r["entry"]): r for s in inputs.studies for r in s.rows("costs")}
    for stage, entry in once_pairs(inputs.cards):
        own = [c for c in cards if (c["stage"], c["entry"]) == (stage, entry)]
        rows.append(
            [
                Cell(entry, small=_began(own[0], stage), mark=mark(own[0])),
                str(len(own)),
                wording.count(own[0].get("parameters")),
                wording.number(_average(own, "kernel_sparsity"), percent=True),
                wording.number(_average(own, "total_sparsity"), percent=True),
                _size(own),
                _latency(own),
                wording.count(known.get((stage, entry), {}).get("macs")),
                _measured(known.get((stage, entry), {}), costs.SEGMENT),
                _measured(known.get((stage, entry), {}), costs.NETWORK),
                _mean(own, "epochs_run", digits=0),
                wording.seconds(_average(own, "wall_s")),
                _mean(own, "peak_memory_MB", digits=0),
                ", ".join(once(str(c.get("device", "")) for c in own)),
            ]
        )
    if not rows:
        return None
    return Table(
        caption="Costs: means over repeats",
        head=(
            "Entry",
            "Repeats",
            "Parameters",
            "Zeros in kernels",
            "Zeros in all",
            "File",
            "ms a window",
            "MACs",
            "ms, one thread",
            "ms without view",
            "Epochs",
            "Wall time",
            "Peak MB",
            "Device",
        ),
        rows=rows,
        words=frozenset({13}),
        note=" ".join(pruned.sentences(cards)),
    )


def _began(card: Content, stage: str) -> str:
    """Return the stage of an entry, and what its network began from."""
    stage_words = wording.STAGES.get(stage, stage)
    return (
        f"{stage_words}, from {card['initialisation']}" if "initialisation" in card else stage_words
    )


def _size(cards: Sequence[Content]) -> Cell:
    """Return the bytes of the file as it is, and compressed."""
    whole, small = (_average(cards, key) for key in costs.BYTES)
    if whole is None or small is None:
        return Cell(wording.DASH)
    return Cell(wording.size(whole), small=f"{wording.size(small)} compressed")


def _measured(row: ReportRow, columns: Sequence[str]) -> Cell:
    """Return a time and its quartiles, of a study's table of costs."""
    texts = [row.get(column) for column in columns]
    if any(wording.absent(one) for one in texts):
        return Cell(wording.DASH)
    middle, low, high = (float(str(one)) for one in texts)
    small = wording.Printed(f"{low:.3g} to {high:.3g}", low, high)
    return Cell(wording.Printed(f"{middle:.3g}", middle), small=small)


def _latency(cards: Sequence[Content]) -> Cell:
    """Return the median time of one window, and its quartiles."""
    middle, low, high = (_average(cards, key) for key in costs.LATENCY)
    if middle is None or low is None or high is None:
        return Cell(wording.DASH)
    small = wording.Printed(f"{low:.2f} to {high:.2f}", low, high)
    return Cell(wording.number(middle, digits=2), small=small)


def once_pairs(keys: Any) -> list[tuple[str, str]]:
    """Return each (stage, entry) once, in order."""
    return list(dict.fromkeys(key[:2] for key in keys))


def _average(cards: Sequence[Content], key: str) -> float | None:
    known = [float(c[key]) for c in cards if c.get(key) is not None]
    return sum(known) / len(known) if known else None


def _mean(cards: Sequence[Content], key: str, *, digits: int) -> str:
    value = _average(cards, key)
    return wording.DASH if value is None else wording.count(value) if not digits else str(value)
