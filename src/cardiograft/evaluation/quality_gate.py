"""Which segments a network of signal quality lets pass: those it takes for low are dropped.

The network is shown pieces in the form that it was trained on, cut of the same recordings; a
segment is judged by the pieces that lie in it. Where pieces are missing because there was nothing
to cut (a flat line, a gap), the segment is low by as much as they would have counted.

Legend: N segments, M pieces, K classes.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from cardiograft import parquet, plugins
from cardiograft.checkpoints.file import Checkpoint, read_checkpoint
from cardiograft.checkpoints.folder import checkpoint_file
from cardiograft.checkpoints.meaning import differences, form_differences, meaning_of
from cardiograft.evaluation.predict import rebuilt, scores
from cardiograft.files import file_digest, read_json
from cardiograft.records import Float64, Int64
from cardiograft.segments import shards
from cardiograft.segments.chosen import write_chosen
from cardiograft.specs.predict import Predict
from cardiograft.specs.quality_gate import Gating, QualityGate
from cardiograft.splits.leakage import timed
from cardiograft.splits.places import place
from cardiograft.training.build import make_task, network_meaning
from cardiograft.training.determinism import available_device, deterministic
from cardiograft.training.domain import Unlabelled
from cardiograft.training.feed import read_feed

WHY = "low quality"
JUDGED = "quality.parquet"  # beside the shards that are left: what each segment was found to be
KEYS = ("id", "dataset", "record", "subject", "label", "start", "valid")


@dataclass(frozen=True)
class Judged:
    """What segments were found to be.

    Attributes
    ----------
    low_N : float64, shape (N,)
        The probability of low quality; NaN where no piece was judged.
    pieces_N : int64, shape (N,)
        Pieces that each was judged by.
    missing_N : int64, shape (N,)
        Pieces of each that could not be judged for lack of signal; they count as low.
    keep_N : bool, shape (N,)
    """

    low_N: Float64
    pieces_N: Int64
    missing_N: Int64
    keep_N: npt.NDArray[np.bool_]


def write_gated(
    spec: Gating, segments: Path, pieces: Path, model: Path, out: Path, *, scratch: Path
) -> str:
    """Write the segments that pass into a folder of shards; return a line on those that do not.

    Parameters
    ----------
    segments, pieces
        Folders of shards: those that are gated, and those that the network is shown.
    model
        Its folder or checkpoint.
    out
        Must exist.
    scratch
        Folder for what does not fit in memory.

    Raises
    ------
    FileNotFoundError
        A file is not there.
    ValueError
        The network has no such class, does not fit the pieces, gives a score that is no number,
        is not the file that the entry names, or lets nothing pass.
    """
    gate, file = spec.gate, checkpoint_file(model)
    if gate.sha256 is not None and (digest := file_digest(file)) != gate.sha256:
        raise ValueError(f"{file}: its SHA-256 is {digest}, the entry says {gate.sha256}")
    checkpoint = read_checkpoint(file)
    low_M, unlike = _low(gate, spec.network, checkpoint, pieces, where=str(model), scratch=scratch)
    keys, shown = (timed([f], shards.table([f], list(KEYS))) for f in (segments, pieces))
    same = segments.resolve() == pieces.resolve()
    verdict = judge(
        gate, keys, None if same else shown, low_M, every=None if same else step(pieces)
    )
    about = {
        **({"simulated": True} if checkpoint.about.get("simulated") else {}),
        "quality_gate": {
            **gate.model_dump(mode="json"),
            "weights_sha256": checkpoint.digest(),
            "differences": unlike,
            "pieces": len(low_M),
            "counts": counts(keys, verdict, gate.threshold),
        },
    }
    write_chosen(segments, keys, verdict.keep_N, out, why=WHY, about=about)
    columns = {"low": verdict.low_N, "pieces": verdict.pieces_N, "missing": verdict.missing_N}
    judged = pa.table({"id": keys["id"], **columns, "kept": verdict.keep_N})
    parquet.write(judged, out / JUDGED)
    gone = int((~verdict.keep_N).sum())
    return f"{gone} of {len(keys)} segments dropped by {gate.network}" if gone else ""


def _low(
    gate: QualityGate,
    network: Predict | None,
    checkpoint: Checkpoint,
    pieces: Path,
    *,
    where: str,
    scratch: Path,
) -> tuple[Float64, list[str]]:
    """Return the probability of low quality of each piece, sorted by id, shape (M,).

    And what of the pieces differs from those that the network was trained on.
    """
    device = available_device()
    deterministic(device)
    meta, request = shards.meta(pieces), network or own_request(checkpoint, where=where)
    task = make_task(request.task, meta)
    if task.kind != "classes" or task.versions > 1:
        raise ValueError(f"{where}: its task {request.task.name!r} names no classes of segments")
    ready = rebuilt(request, checkpoint, meta, task, where=where).to(device).eval()
    if gate.label not in task.labels:
        hint = plugins.hint(gate.label, task.labels)
        raise ValueError(f"{where}: no class {gate.label!r} to tell low quality by.{hint}")
    id_M = np.asarray(shards.table([pieces], ["id"])["id"].to_pylist(), dtype=str)
    part = read_feed([pieces], id_M, Unlabelled(task, meta), device=device, scratch=scratch)
    score_MK = scores(ready, part, task, batch_size=gate.batch_size)
    low_M = score_MK[:, task.labels.index(gate.label)].astype(np.float64)
    if wrong := int(np.isnan(low_M).sum()):
        raise ValueError(f"{where}: gives {wrong} of {len(low_M)} pieces a score that is no number")
    unlike = differences(meaning_of(checkpoint), network_meaning(meta, task))
    unlike += form_differences(checkpoint, meta.spec)
    return low_M, [one.line() for one in unlike]


def own_request(checkpoint: Checkpoint, *, where: str) -> Predict:
    """Return the network that a checkpoint says it is: its model, view and task.

    Raises
    ------
    ValueError
        It is of no training of this project, or of another release.
    """
    spec = checkpoint.about.get("spec") or {}
    if "task" not in spec or "memory" not in checkpoint.about:
        raise ValueError(f"{where}: not a checkpoint of this project's training")
    given = {"model": {"kind": "models", **checkpoint.model}, "view": spec.get("view")}
    return Predict.model_validate({"split": spec.get("split", ""), "task": spec["task"], **given})


def step(pieces: Path) -> float | None:
    """Return from one piece's start to the next one's, in lengths of a piece.

    None where pieces do not follow one another by a rule, or where some were left out that nobody
    had labelled: there a piece that is missing says nothing of the signal.
    """
    cut = shards.meta(pieces).spec.get("cut", {})
    if cut.get("name") != "windows" or "no label" in _dropped(pieces):
        return None
    options = cut["options"]
    return float((options.get("step_s") or options["window_s"]) / options["window_s"])


def _dropped(pieces: Path) -> dict[str, int]:
    """Return how many pieces were left out when they were cut, by reason."""
    dropped: dict[str, int] = read_json(pieces / "summary.json")["dropped"]
    return dropped


def judge(
    gate: QualityGate,
    keys: pa.Table,
    pieces: pa.Table | None,
    low_M: Float64,
    *,
    every: float | None = None,
) -> Judged:
    """Return what becomes of segments, by the pieces that lie in them.

    Parameters
    ----------
    keys
        `KEYS` of the segments, `timed`.
    pieces
        `KEYS` of the pieces, `timed`; None where they are the segments themselves.
    low_M
        Probability of low quality of each piece.
    every
        As `step`.
    """
    if pieces is None:
        low_N, pieces_N = low_M, np.ones(len(low_M), dtype=np.int64)
        missing_N = np.zeros_like(pieces_N)
    else:
        options: dict[str, Any] = {"how": gate.of_pieces, "every": every}
        low_N, pieces_N, missing_N = of_pieces(keys, pieces, low_M, **options)
    with np.errstate(invalid="ignore"):
        weight_N = np.where(low_N > gate.threshold, 0.0, 1.0)
    weight_N[pieces_N == 0] = float(gate.unjudged == "kept")
    if gate.low == "thinned":
        some_N = low_N > gate.threshold
        weight_N[some_N] = (1 - low_N[some_N]) / (1 - gate.threshold)
        ids = keys["id"].to_pylist()
        place_N = np.array([place(gate.seed, "quality gate", one) for one in ids])
        return Judged(low_N, pieces_N, missing_N, place_N < weight_N)
    return Judged(low_N, pieces_N, missing_N, weight_N > 0)


def of_pieces(
    keys: pa.Table, pieces: pa.Table, low_M: Float64, *, how: str, every: float | None = None
) -> tuple[Float64, Int64, Int64]:
    """Return the probability of low quality of each segment, and the number of its pieces.

    A piece counts where at least half of it lies in the segment, or it covers at least half of the
    segment: neither a sliver of a bad second nor one of a good one decides.

    Parameters
    ----------
    how
        As a gate's `of_pieces`.
    every
        As `step`. With it, pieces that would lie whole in a segment and are not there count as
        low; what is left at an end and shorter than a piece does not.

    Returns
    -------
    low_N : float64, shape (N,)
        NaN where no piece counts: such a segment is not judged, whatever is missing.
    pieces_N, missing_N : int64, shape (N,)
        The pieces that count, and those that are missing.
    """
    low_N, pieces_N = np.full(len(keys), np.nan), np.zeros(len(keys), dtype=np.int64)
    missing_N = np.zeros_like(pieces_N)
    own, theirs = _by_record(keys), _by_record(pieces)
    start_N, stop_N = keys["start"].to_numpy(), keys["stop"].to_numpy()
    first_M, last_M = pieces["start"].to_numpy(), pieces["stop"].to_numpy()
    for record, rows in own.items():
        among = theirs.get(record)
        if among is None:
            continue
        among = among[np.argsort(first_M[among], kind="stable")]
        length = int((last_M[among] - first_M[among]).max())
        lows = np.searchsorted(first_M[among], start_N[rows] - length, side="left")
        highs = np.searchsorted(first_M[among], stop_N[rows], side="left")
        for row, low, high in zip(rows, lows, highs, strict=True):
            near = among[low:high]
            begin = np.maximum(start_N[row], first_M[near])
            common = np.minimum(stop_N[row], last_M[near]) - begin
            shorter = np.minimum(stop_N[row] - start_N[row], last_M[near] - first_M[near])
            counts = (2 * common >= shorter) & (common > 0)
            if not counts.any():
                continue
            low_P, weight = low_M[near[counts]], common[counts]
            if every is not None:
                span = start_N[row], stop_N[row]
                missing_N[row] = _missing(span, first_M[near], last_M[near], length, every)
            if missing_N[row]:
                low_P = np.append(low_P, 1.0)
                weight = np.append(weight, missing_N[row] * length)
            low_N[row] = low_P.max() if how == "worst" else np.average(low_P, weights=weight)
            pieces_N[row] = counts.sum()
    return low_N, pieces_N, missing_N


def _missing(
    span: tuple[int, int], first_M: Int64, last_M: Int64, length: int, every: float
) -> int:
    """Return how many whole pieces would lie where none does, from a first sample to a last.

    Parameters
    ----------
    first_M, last_M
        Of the pieces that are there, the earliest first, in samples.
    length, every
        Of a piece, in samples; and from one to the next, in lengths.
    """
    # What is free before each piece, and behind the last one; pieces that overlap leave less.
    ends = np.concatenate([[span[0]], np.maximum(last_M, span[0])])
    free = np.append(first_M, span[1]) - ends
    step = every * length
    usual = step - length  # between two that follow one another
    # ASSUME a hundredth of a step for what rounding to samples takes.
    lacking = np.floor((free - usual) / step + 0.01)
    return int(lacking[free > 0].clip(min=0).sum())


def _by_record(keys: pa.Table) -> dict[str, Int64]:
    """Return the rows of each recording, ``<dataset>/<record>``."""
    names = pc.binary_join_element_wise(keys["dataset"], keys["record"], "/")
    coded = names.dictionary_encode().combine_chunks()
    code_N = np.asarray(coded.indices)
    order_N = np.argsort(code_N, kind="stable")
    ends = np.searchsorted(code_N[order_N], np.arange(len(coded.dictionary) + 1))
    known = coded.dictionary.to_pylist()
    return {one: order_N[ends[k] : ends[k + 1]] for k, one in enumerate(known)}


def counts(keys: pa.Table, verdict: Judged, threshold: float) -> list[dict[str, Any]]:
    """Return how many segments and recordings of each database and label there were, and are left.

    ``label`` is null where segments have none; ``low`` are those above the threshold, ``unjudged``
    those of which no piece was judged, ``partly_without_signal`` those of which a piece could not
    be judged, for lack of signal, and counted as low.
    """
    dataset_N = np.asarray(keys["dataset"].to_pylist(), dtype=object)
    label_N = np.asarray(keys["label"].to_pylist(), dtype=object)
    record_N = np.asarray(keys["record"].to_pylist(), dtype=object)
    groups = sorted({*zip(dataset_N, label_N, strict=True)}, key=lambda g: (g[0], g[1] or ""))
    rows = []
    for dataset, label in groups:
        own_N = (dataset_N == dataset) & (label_N == label)
        records, left = ({*record_N[rows]} for rows in (own_N, own_N & verdict.keep_N))
        rows.append(
            {
                "database": dataset,
                "label": label,
                "segments": int(own_N.sum()),
                "low": int((own_N & (np.nan_to_num(verdict.low_N) > threshold)).sum()),
                "unjudged": int((own_N & (verdict.pieces_N == 0)).sum()),
                "partly_without_signal": int((own_N & (verdict.missing_N > 0)).sum()),
                "kept": int((own_N & verdict.keep_N).sum()),
                "recordings": len(records),
                "recordings_kept": len(left),
            }
        )
    return rows
