"""Tables of what pruning does, from cards."""

import json
from pathlib import Path
from typing import Any

import pytest

from cardiograft.report.cells import Cell
from cardiograft.report.inputs import ReportInputs
from cardiograft.report.sections import pruned
from cardiograft.report.sections.costs import cost_table
from cardiograft.studies._scg_to_ecg import PRINTED_PARAMETERS
from cardiograft.tables import costs, pruning


def card(
    folder: Path,
    stage: str,
    entry: str,
    *,
    model: str = "tcn",
    source: str = "",
    method: str = "",
    size: int = 1000,
    zeros: int = 0,
    file: int = 4100,
    ms: float = 2.0,
    repeat: int = 0,
) -> dict[str, Any]:
    """Write a card as a training does, and read it as `tabulate` does."""
    spec: dict[str, Any] = {"model": {"name": model}}
    if method:
        spec["sparsity"] = {"method": method}
    content = {
        "spec": spec,
        "model": {"kind": "models", "name": model, "options": {}},
        "parents": [{"entry": source}] if source else [],
        "parameters": size,
        "sparsity": {
            "kernels": zeros / 800,
            "total": zeros / size,
            "kernel_parameters": 800,
            "kernel_zeros": zeros,
            "zeros": zeros,
            "parameters": size,
            "tensors": {},
        },
        "file_bytes": file,
        "file_zstd_bytes": file - 10 - 3 * zeros,
        "latency_ms": ms,
        "latency_low_ms": ms - 0.1,
        "latency_high_ms": ms + 0.1,
        "wall_s": 1.0,
    }
    if method:  # the source, timed in turn: 2 ms
        content.update(source_latency_ms=2.0, source_latency_low_ms=1.9, source_latency_high_ms=2.1)
    path = folder / stage / entry / str(repeat) / "card.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(content))
    return costs.read(path)


def some(folder: Path) -> list[dict[str, Any]]:
    pruned = {"source": "tcn", "method": "magnitude", "zeros": 200, "file": 4900, "ms": 2.05}
    cut = {"source": "tcn", "method": "structured", "size": 600, "file": 2500, "ms": 1.0}
    return [
        card(folder, "pretrain", "tcn"),
        card(folder, "pretrain", "tcn", repeat=1, ms=2.2),
        card(folder, "prune", "tcn-pruned", **pruned),
        card(folder, "prune", "tcn-cut", **cut),
        card(folder, "pretrain", "cnn1d", model="cnn1d"),
        card(folder, "transfer", "tuned", model="cae", source="tcn-cut"),
        card(folder, "pretrain", "pretext", model="mlp"),
    ]


def test_the_papers_counts_after_pruning_are_three_quarters_of_all() -> None:
    assert all(after == before * 3 // 4 for before, after in PRINTED_PARAMETERS.values())


def test_costs_tell_what_lies_deep_in_cards(tmp_path: Path) -> None:
    frame = costs.table(some(tmp_path)).set_index(["entry", "repeat"])
    row = frame.loc[("tcn-pruned", "0")]
    assert (row["model"], row["sources"], row["pruning"]) == ("tcn", "tcn", "magnitude")
    assert (row["kernel_zeros"], row["kernel_sparsity"], row["total_sparsity"]) == (200, 0.25, 0.2)
    assert frame.loc[("tcn", "1"), "latency_ms"] == 2.2
    assert frame.loc[("tuned", "0"), "sources"] == "tcn-cut"


def test_a_card_of_older_code_leaves_cells_empty(tmp_path: Path) -> None:
    path = tmp_path / "pretrain" / "old" / "0" / "card.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"parameters": 7, "wall_s": 1.0}')
    frame = costs.table([costs.read(path)])
    assert frame.loc[0, "parameters"] == 7
    assert frame.loc[0, ["file_bytes", "latency_ms", "kernel_sparsity"]].isna().all()
    assert not len(pruning.parameter_table(frame, PRINTED_PARAMETERS))
    assert pruned.sentences([costs.read(path)]) == []


def test_the_papers_table_stands_beside_ours(tmp_path: Path) -> None:
    made = pruning.parameter_table(costs.table(some(tmp_path)), PRINTED_PARAMETERS)
    table = made.frame
    assert set(made.formats) <= set(table.columns)
    assert table["Entry"].tolist() == ["cnn1d", "tcn", "tcn-pruned", "tcn-cut"]
    assert table["Pruned"].tolist() == ["before", "before", "weights", "channels"]
    assert table["Paper"].tolist() == [13_927_041, 16_002_049, 12_001_536, 12_001_536]
    line = table.iloc[2]
    assert (line["Parameters"], line["Not zero"]) == (1000, 800)
    assert (line["Zeros in kernels"], line["In kernels"]) == (200, 800)
    assert (line["Sparsity of kernels"], line["Sparsity of all"]) == (0.25, 0.2)
    times = [f"ms a window{end}" for end in ("", " low", " high")]
    assert table.iloc[1][times].tolist() == pytest.approx([2.1, 2.0, 2.2])
    assert table["ms before"].isna().tolist() == [True, True, False, False]


def test_no_models_give_no_table() -> None:
    assert not len(pruning.parameter_table(costs.table([]), PRINTED_PARAMETERS))
    assert pruned.sentences([]) == []


def test_whether_it_paid_is_computed(tmp_path: Path) -> None:
    ones, cut = pruned.sentences(some(tmp_path))
    assert ones.startswith("tcn-pruned, with zeros among the weights (25.0 % of its kernels")
    assert "no smaller" in ones
    assert "no faster and no slower: so it pays in neither." in ones
    assert cut.startswith("tcn-cut, with channels taken out (0.0 %")
    assert "2\u202f500 bytes where tcn has 4\u202f100, smaller" in cut
    assert "faster: so it pays in bytes and in time." in cut


def test_many_of_a_kind_are_counted_and_the_sparsest_told(tmp_path: Path) -> None:
    more = [
        card(tmp_path, "prune", f"x-{z}", source="tcn", method="magnitude", zeros=z, file=4900)
        for z in (100, 700, 400)
    ]
    counted, sparsest, cut = pruned.sentences([*some(tmp_path), *more])
    assert counted.startswith("Of 4 entries with zeros among the weights, 0 have a smaller file")
    assert counted.endswith("and 0 are faster.")
    assert sparsest.startswith("x-700, with zeros among the weights (87.5 %")
    assert cut.startswith("tcn-cut")


def test_the_page_says_so_below_the_costs(tmp_path: Path) -> None:
    cards = {(c["stage"], c["entry"], c["repeat"]): c for c in some(tmp_path)}
    content = {
        key: json.loads((tmp_path / "/".join(key) / "card.json").read_text()) for key in cards
    }
    table = cost_table(ReportInputs(studies=[], cards=content))
    assert table is not None
    assert table.note == " ".join(pruned.sentences([*cards.values()]))
    assert "pays in neither" in table.note
    assert all(len(row) == len(table.head) for row in table.rows)
    row = table.rows[1]
    assert isinstance(row[5], Cell)
    assert (row[3], row[4], row[5].text) == ("25.0 %", "20.0 %", "4.9 kB")


def test_a_gap_smaller_than_the_quartiles_is_none(tmp_path: Path) -> None:
    rows = [
        card(tmp_path, "pretrain", "a"),
        card(tmp_path, "prune", "b", source="a", method="structured"),
    ]
    rows[1].update(latency_ms=1.9, latency_low_ms=1.8, file_bytes=10)
    assert "no faster and no slower: so it pays in bytes and not" in pruned.sentences(rows)[0]
