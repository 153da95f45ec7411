"""A quality gate: what segments are judged by, which are kept, and what is left in their shards."""

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import scripts
from pydantic import ValidationError

from cardiograft import parquet
from cardiograft.checkpoints.file import read_checkpoint
from cardiograft.checkpoints.meaning import form_differences
from cardiograft.evaluation import quality_gate
from cardiograft.evaluation.predict import scores
from cardiograft.evaluation.quality_gate import JUDGED, counts, judge, of_pieces
from cardiograft.files import file_digest, read_json
from cardiograft.report.cells import Cell
from cardiograft.report.inputs import ReportInputs
from cardiograft.report.sections.gates import gate_table
from cardiograft.segments import rhythms, shards
from cardiograft.specs.pretrain import Pretrain
from cardiograft.specs.quality_gate import Gating, QualityGate


def spans(*rows: tuple[str, int, int]) -> pa.Table:
    """Return segments: recording, first sample, the one after the last."""
    record, start, stop = zip(*rows, strict=True)
    names = [f"toy/{name}/II/{first}" for name, first in zip(record, start, strict=True)]
    return pa.table(
        {
            "id": pa.array(names),
            "dataset": pa.array(["toy"] * len(rows)),
            "record": pa.array(record),
            "label": pa.array(["N"] * len(rows)),
            "start": pa.array(start, pa.int64()),
            "stop": pa.array(stop, pa.int64()),
        }
    )


PIECES = spans(("b", 0, 10), ("a", 20, 30), ("a", 0, 10), ("a", 10, 20))
LOW_M = np.array([0.9, 0.8, 0.2, 0.4])


@pytest.mark.parametrize(
    ("span", "mean", "worst", "pieces"),
    [
        (("a", 0, 20), 0.3, 0.4, 2),
        (("a", 0, 30), 1.4 / 3, 0.8, 3),
        (("a", 0, 24), 0.3, 0.4, 2),  # 4 of the third piece's 10 samples decide nothing
        (("a", 0, 25), (2 + 4 + 4) / 25, 0.8, 3),  # half of it does, by so much
        (("a", 12, 15), 0.4, 0.4, 1),  # within a piece
        (("a", 8, 11), 0.2, 0.2, 1),  # across two: that which covers more of it
        (("b", 0, 10), 0.9, 0.9, 1),  # of its own recording alone
        (("b", 10, 20), np.nan, np.nan, 0),
        (("c", 0, 10), np.nan, np.nan, 0),
    ],
)
def test_a_segment_is_judged_by_the_pieces_that_lie_in_it(
    span: tuple[str, int, int], mean: float, worst: float, pieces: int
) -> None:
    for how, expected in (("mean", mean), ("worst", worst)):
        low_N, pieces_N, _ = of_pieces(spans(span), PIECES, LOW_M, how=how)
        assert low_N[0] == pytest.approx(expected, nan_ok=True)
        assert pieces_N.tolist() == [pieces]


def tiled(*firsts: int, every: int = 5, length: int = 5) -> pa.Table:
    """Return pieces of 500 samples, at multiples of `every` hundreds."""
    assert all(first % every == 0 for first in firsts)
    return spans(*(("a", 100 * first, 100 * (first + length)) for first in firsts))


@pytest.mark.parametrize(
    ("span", "pieces", "step_s", "missing"),
    [
        ((0, 30), tiled(0), 5.0, 5),  # 25 s are flat
        ((0, 30), tiled(25), 5.0, 5),
        ((0, 30), tiled(0, 5, 20, 25), 5.0, 2),
        ((0, 30), tiled(0, 5, 10, 15, 20, 25), 5.0, 0),
        ((0, 34), tiled(0, 5, 10, 15, 20, 25), 5.0, 0),  # what is left at a recording's end
        ((3, 33), tiled(5, 10, 15, 20, 25), 5.0, 0),  # begins and ends within a piece
        ((3, 33), tiled(0, 5, 10, 20, 25, 30), 5.0, 1),
        ((12, 13), tiled(10), 5.0, 0),  # a beat in one piece
        ((0, 30), tiled(0, 10, 20, every=10), 10.0, 0),  # never without a gap
        ((0, 30), tiled(0, 20, every=10), 10.0, 1),
        ((0, 10), tiled(0, 1, 2, 3, 4, 5, every=1), 1.0, 0),
        ((0, 20), tiled(0, 10, 11, 12, 13, 14, 15, every=1), 1.0, 9),
        ((0, 30), tiled(0), None, 0),  # by no rule
    ],
)
def test_pieces_that_are_missing_for_lack_of_signal_count_as_low(
    span: tuple[int, int], pieces: pa.Table, step_s: float | None, missing: int
) -> None:
    keys = spans(("a", 100 * span[0], 100 * span[1]))
    every = None if step_s is None else step_s / 5
    low_M = np.full(len(pieces), 0.1)
    options: dict[str, Any] = {"every": every}
    low_N, pieces_N, missing_N = of_pieces(keys, pieces, low_M, how="mean", **options)
    assert missing_N.tolist() == [missing]
    assert pieces_N[0] > 0
    if not missing:
        assert low_N[0] == pytest.approx(0.1)
        return
    assert 0.1 + 0.9 / 7 < low_N[0] < 1
    assert of_pieces(keys, pieces, low_M, how="worst", **options)[0].tolist() == [1.0]


def test_a_segment_that_is_mostly_flat_is_dropped() -> None:
    keys = spans(("a", 0, 3000), ("a", 3000, 6000), ("b", 0, 3000))
    pieces, low_M = tiled(0, *range(30, 60, 5)), np.full(7, 0.01)
    verdict = judge(gate(), keys, pieces, low_M, every=1.0)
    assert verdict.low_N[:2] == pytest.approx([(0.01 + 5) / 6, 0.01])
    assert verdict.keep_N.tolist() == [False, True, True]  # without any piece: as `unjudged` says
    (row,) = counts(keys, verdict, 0.5)
    assert (row["partly_without_signal"], row["low"], row["unjudged"]) == (1, 1, 1)


def test_pieces_are_missed_where_windows_follow_one_another(tmp_path: Path, cohort: Any) -> None:
    part = next(iter(sorted(cohort.segments.glob("part-*"))))
    (tmp_path / part.name).write_bytes(part.read_bytes())
    (tmp_path / "summary.json").write_text(json.dumps({"dropped": {"flat": 3}}))
    meta = shards.meta(tmp_path)
    assert quality_gate.step(tmp_path) is None  # of beats
    for step_s, dropped, every in (
        (None, {"flat": 3}, 1.0),
        (2.5, {}, 0.5),
        (5.0, {"no label": 1}, None),
    ):
        options = {"window_s": 5.0, "step_s": step_s}
        spec = {**meta.spec, "cut": {"kind": "cuts", "name": "windows", "options": options}}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(shards, "meta", lambda _, s=spec: replace(meta, spec=s))
            (tmp_path / "summary.json").write_text(json.dumps({"dropped": dropped}))
            assert quality_gate.step(tmp_path) == every


def gate(**more: Any) -> QualityGate:
    return QualityGate.model_validate({"segments": "toy", "model": "network", **more})


def test_what_is_above_the_threshold_is_dropped_and_what_is_not_judged_stays() -> None:
    keys = spans(("a", 0, 10), ("a", 10, 20), ("b", 0, 10), ("c", 0, 10))
    for threshold, kept in ((0.5, [True, True, False]), (0.3, [True, False, False])):
        verdict = judge(gate(threshold=threshold), keys, PIECES, LOW_M)
        assert verdict.keep_N.tolist() == [*kept, True]
    strict = judge(gate(unjudged="dropped"), keys, PIECES, LOW_M)
    assert strict.keep_N.tolist() == [True, True, False, False]
    (row,) = counts(keys, strict, 0.5)
    assert row == {
        "database": "toy",
        "label": "N",
        "segments": 4,
        "low": 1,
        "unjudged": 1,
        "partly_without_signal": 0,
        "kept": 2,
        "recordings": 3,
        "recordings_kept": 1,
    }


def test_segments_are_thinned_by_their_weight() -> None:
    keys = spans(*(("a", 10 * k, 10 * k + 10) for k in range(8000)))
    low_N = np.tile([0.1, 0.5, 0.6, 0.9, 1.0], 1600)
    thinning = gate(low="thinned", threshold=0.5)
    verdict = judge(thinning, keys, None, low_N)
    for low, weight in ((0.1, 1.0), (0.5, 1.0), (0.6, 0.8), (0.9, 0.2), (1.0, 0.0)):
        share = verdict.keep_N[low_N == low].mean()
        spread = np.sqrt(weight * (1 - weight) / 1600)
        assert abs(share - weight) <= 4 * spread
    assert np.array_equal(judge(thinning, keys, None, low_N).keep_N, verdict.keep_N)
    other = judge(gate(low="thinned", threshold=0.5, seed=1), keys, None, low_N).keep_N
    assert not np.array_equal(other, verdict.keep_N)


@pytest.fixture(scope="module")
def network(cohort: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that tells beats apart, here as if V were low quality."""
    training = {"epochs": 12, "batch_size": 16}
    content = {"split": "toy", "model": "cnn", "task": "classify", "training": training}
    spec = Pretrain.model_validate(content)
    trained: Path = cohort.job("pretrain", spec, tmp_path_factory.mktemp("network") / "out")
    return trained


def gated(cohort: Any, folder: Path, out: Path, **more: Any) -> Path:
    """Run the stage's script on the cohort; its own segments are shown to the network."""
    segments = out.with_name("segments") / "toy"
    if not segments.exists():
        segments.mkdir(parents=True)
        for file in cohort.segments.glob("part-*"):
            (segments / file.name).write_bytes(file.read_bytes())
        names = sorted(set(shards.table([segments], ["record"])["record"].to_pylist()))
        rates = {"source_rate_hz": {f"toy/{name}": 125.0 for name in names}, "simulated": False}
        (segments / "summary.json").write_text(json.dumps(rates))
        unknown = {"subject": "toy/s", "lead": "II", "beat": [], "shape": b""}
        rhythms.write(segments, [{"record": f"toy/{name}", **unknown} for name in names])
    spec = Gating(gate=gate(label="V", **more))
    scripts.load("quality_gate").quality_gate(spec, segments, segments, folder, out)
    return out


def test_the_shards_of_what_passes(cohort: Any, network: Path, tmp_path: Path) -> None:
    out = gated(cohort, network, tmp_path / "out")
    judged = parquet.read(out / JUDGED).to_pandas().set_index("id")
    before, after = (
        shards.arrays([folder], None, ("id", "label", "signal", "start", "rr_before"))
        for folder in (cohort.segments, out)
    )
    kept = judged["kept"].loc[before["id"]].to_numpy()
    assert np.array_equal(kept, judged["low"].loc[before["id"]].to_numpy() <= 0.5)
    assert 0 < kept.sum() < len(kept)
    for name, column in after.items():
        assert np.array_equal(column, before[name][kept], equal_nan=name == "rr_before"), name
    assert (before["label"] == "V")[~kept].mean() > 0.8  # it was told to find V, and did
    assert shards.meta(out) == shards.meta(cohort.segments)
    summary = read_json(out / "summary.json")
    assert summary["dropped"] == {"low quality": int((~kept).sum())}
    labels, numbers = np.unique(after["label"].astype(str), return_counts=True)
    assert summary["labels"] == dict(zip(labels.tolist(), numbers.tolist(), strict=True))
    assert summary["simulated"] is True  # the network's training was
    by_label = {row["label"]: row["kept"] for row in summary["quality_gate"]["counts"]}
    assert {k: v for k, v in by_label.items() if v} == summary["labels"]


def test_a_file_is_the_same_gate(cohort: Any, network: Path, tmp_path: Path) -> None:
    file = network / "model.safetensors"
    given = {"model": None, "file": str(file), "sha256": file_digest(file)}
    one, other = (
        gated(cohort, network, tmp_path / f"out{k}", **m) for k, m in ((1, {}), (2, given))
    )
    for part in sorted(one.glob("part-*")):
        assert part.read_bytes() == (other / part.name).read_bytes()
    with pytest.raises(ValueError, match=r"its SHA-256 is .{64}, the entry says 0{64}"):
        gated(cohort, network, tmp_path / "out3", **{**given, "sha256": "0" * 64})


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"label": "low"}, r"no class 'low' to tell low quality by. Known: N, S, V"),
        ({"threshold": 0.0}, r"none of \d+ segments is kept \(low quality\)"),
    ],
)
def test_what_a_gate_can_not_do_is_one_line(
    more: dict[str, Any], message: str, cohort: Any, network: Path, tmp_path: Path
) -> None:
    options = {"label": "V", **more}
    spec = Gating(gate=gate(**options))
    gated(cohort, network, tmp_path / "first")
    segments = tmp_path / "segments" / "toy"
    with pytest.raises(ValueError, match=message):
        scripts.load("quality_gate").quality_gate(
            spec, segments, segments, network, tmp_path / "out"
        )
    assert not (tmp_path / "out").exists()


def test_a_score_that_is_no_number_is_refused(
    cohort: Any, network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*given: Any, **options: Any) -> Any:
        score_MK = scores(*given, **options)
        score_MK[3:5] = np.nan
        return score_MK

    monkeypatch.setattr(quality_gate, "scores", broken)
    with pytest.raises(ValueError, match=r"gives 2 of \d+ pieces a score that is no number"):
        gated(cohort, network, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_another_filter_or_cut_than_in_training_is_said(network: Path) -> None:
    spec: dict[str, Any] = {
        "signal": {"filter": None},
        "cut": {"name": "beats", "options": {"before_s": 0.2, "after_s": 0.3}},
    }
    checkpoint = read_checkpoint(network / "model.safetensors")
    assert form_differences(checkpoint, spec) == []  # it does not say
    about = {**checkpoint.about, "segments": {"toy": {"spec": copy.deepcopy(spec)}}}
    checkpoint = replace(checkpoint, about=about)
    assert form_differences(checkpoint, spec) == []
    spec["signal"]["filter"] = {"low_hz": 5.0, "high_hz": 15.0, "order": 3}
    spec["cut"] = {"name": "windows", "options": {"window_s": 5.0, "step_s": 2.0}}
    lines = [one.line() for one in form_differences(checkpoint, spec)]
    done = "weights are loaded as they are"
    assert lines[0] == f"filter: none in the source, from 5 Hz to 15 Hz, order 3 here; {done}"
    theirs = "beats (after_s 0.3, before_s 0.2)"
    assert lines[1] == f"cut: {theirs} in the source, windows (window_s 5) here; {done}"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"model": None}, "is a 'model' of this config, or a 'file'"),
        ({"file": "a", "sha256": "0" * 64}, "is a 'model' of this config, or a 'file'"),
        ({"model": None, "file": "a"}, "'file' and 'sha256' go together"),
        ({"trained_on": ["a.parquet"]}, "'trained_on' is of a 'file'"),
        ({"model": None, "file": "a", "sha256": "0" * 64, "repeat": 1}, "'repeat' is of a 'model'"),
    ],
)
def test_a_gate_is_one_network(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        gate(**given)


def test_the_report_counts_by_database_and_label() -> None:
    counts_row = {
        "database": "toy",
        "label": "A",
        "segments": 8,
        "low": 2,
        "unjudged": 1,
        "kept": 6,
    }
    counts_row |= {"recordings": 4, "recordings_kept": 3}
    gate_spec = gate(model=None, file="net.safetensors", sha256="0" * 64).model_dump(mode="json")
    about = {**gate_spec, "weights_sha256": "ab" * 32, "differences": ["units: mV, not 1"]}
    summary = {"simulated": True, "quality_gate": {**about, "counts": [counts_row]}}
    table = gate_table(ReportInputs(studies=[], segments={"plain": {}, "usable": summary}))
    assert table is not None
    (row,) = table.rows
    texts = [one.text if isinstance(one, Cell) else one for one in row]
    assert texts == ["usable", "toy", "A", "8", "2", "1", "6", "3 of 4"]
    assert isinstance(row[0], Cell)
    assert row[0].mark == "simulated"
    assert "net.safetensors: 'low' above 0.5; low ones are dropped" in row[0].small
    assert "on whom its network was trained is not known, and not audited" in table.note
    assert "units: mV, not 1" in table.note
    assert "lack of signal" not in table.note
    summary["quality_gate"]["counts"] = [{**counts_row, "partly_without_signal": 7}]  # type: ignore[index]
    more = gate_table(ReportInputs(studies=[], segments={"usable": summary}))
    assert more is not None
    assert "parts of 7 segments could not be judged for lack of signal" in more.note
    assert gate_table(ReportInputs(studies=[], segments={"plain": {}})) is None
