"""What each transfer loaded, tensor by tensor, and in what its sources differ from the network."""

from typing import Any

from cardiograft.report import wording
from cardiograft.report.cells import Cell, Table
from cardiograft.report.inputs import Content, ReportInputs


def ledgers(inputs: ReportInputs) -> list[dict[str, Any]]:
    """Return, of each transfer's first repeat, what became of every tensor."""
    shown = []
    first = {key[:2]: key for key in reversed(list(inputs.ledgers))}
    for key in reversed(list(first.values())):
        ledger = inputs.ledgers[key]
        if not ledger.get("sources", ledger["loaded"]):
            continue  # from scratch
        share = wording.number(ledger["share_of_all"], percent=True)
        rows = [_ledger_row(line) for line in ledger["tensors"]]
        rows += [_unused_row(line) for line in ledger.get("unused", [])]
        caption = f"{key[1]}: {share} of {wording.count(ledger['parameters'])} parameters loaded"
        table = Table(
            caption=caption,
            head=("Tensor", "Shape", "Parameters", "State", "From"),
            rows=rows,
            words=frozenset({1, 3, 4}),
        )
        lines = [line for source in ledger.get("sources", []) for line in _differences(source)]
        shown.append({"caption": caption, "table": table, "differences": lines})
    return shown


def _differences(source: Content) -> list[str]:
    """Return a line for everything in which a source of weights differs from the network."""
    return [
        f"{source['entry']}, {wording.ENDS.get(one['what'], one['what'])}: {one['source']} there,"
        f" {one['here']} here; {one['done']}"
        for one in source["differences"]
    ]


def _unused_row(line: Content) -> list[str | Cell]:
    part = f" ({line['part']})" if line["part"] else ""
    source = f"{line['entry']}: {line['source']}{part}"
    return [wording.DASH, wording.DASH, wording.DASH, Cell("unused", small=line["why"]), source]


def _ledger_row(line: Content) -> list[str | Cell]:
    shape = " × ".join(map(str, line["shape"])) or "scalar"
    source = f"{line['entry']}: {line['source']}" if line.get("source") else ""
    why = line.get("why", "")
    return [
        Cell(line["tensor"], small=line.get("part", ""), mark="code"),
        shape,
        wording.count(line["parameters"]),
        Cell(line["state"], small=why),
        source or wording.DASH,
    ]
