"""Write a network as a file, compare their scores, and measure what the file costs."""

from collections.abc import Sequence
from pathlib import Path

from cardiograft.checkpoints.folder import CARD
from cardiograft.export import runtime
from cardiograft.export.card import about, costs, libraries, processor, source
from cardiograft.export.graphs import OPSET, check_libraries
from cardiograft.export.measuring import (
    Compared,
    check_limit,
    check_tolerance,
    compared,
    metrics_of,
    threshold,
)
from cardiograft.export.network import Exported, read_exported, read_part
from cardiograft.export.writing import write
from cardiograft.files import atomic_directory, file_digest, write_json
from cardiograft.segments.folders import data_digest
from cardiograft.specs.export import Export
from cardiograft.training.publish import versions

FILE = "model.onnx"


def export(
    spec: Export, *, segments: Sequence[Path], split: Path, model: Path, out: Path, scratch: Path
) -> None:
    """Write ``model.onnx`` and ``card.json``.

    Test parts are not read: what is lost is measured on the validation part.

    Raises
    ------
    ValueError
        A library is not installed; the network can't be written so; the file's scores are
        further from the network's than the tolerance, or it loses more than its limit.
    """
    check_libraries()
    exported = read_exported(spec, segments=segments, split=split, model=model)
    seen = read_part(exported, "train", scratch, count=spec.calibration)
    shown = read_part(exported, "train", scratch, count=spec.checked, draw=1)
    if seen is None or shown is None:
        raise ValueError(f"split {spec.network.split!r} has no training segments")
    written = write(exported, seen)
    session = runtime.session(written.whole.SerializeToString())
    both = [compared(exported, session, "train", shown)]
    validation = read_part(exported, "validation", scratch)
    if validation is not None:
        both.append(compared(exported, session, "validation", validation))
    measured = _checked(exported, both)
    facts = about(exported)
    facts["threshold"] = threshold(exported, spec.threshold, _validation(both))
    with atomic_directory(out) as folder:
        content = written.content(facts)
        (folder / FILE).write_bytes(content)
        card = {
            **facts,
            "spec": spec.model_dump(mode="json"),
            "source": source(exported, model),
            "data": data_digest(segments),
            "segments": exported.checkpoint.about.get("segments"),
            "split_digest": exported.table.digest,
            "file_sha256": file_digest(folder / FILE),
            "opset": OPSET,
            **costs(exported, written, content),
            "calibration_segments": len(seen.place_N) if spec.precision == "int8" else 0,
            "compared": {one.name: one.differences() for one in both},
            "metrics": measured,
            "versions": {**versions(), **libraries()},
            "processor": processor(),
        }
        write_json(folder / CARD, card)


def _checked(exported: Exported, both: Sequence[Compared]) -> dict[str, dict[str, float]]:
    """Check the file, and return what it loses of each metric."""
    spec, validation = exported.spec, _validation(both)
    if spec.precision == "float32":
        for one in both:
            check_tolerance(one, spec.tolerance)
    limited = () if spec.limit is None else (spec.limit.metric,)
    if validation is None:
        if limited:
            raise ValueError(
                f"limit: split {spec.network.split!r} has no validation part to measure a loss on"
            )
        return {}
    metrics = tuple({one.canonical(): one for one in (*spec.metrics, *limited)}.values())
    measured = metrics_of(exported, validation, metrics) if metrics else {}
    if spec.limit is not None:
        check_limit(spec.limit, measured)
    return measured


def _validation(both: Sequence[Compared]) -> Compared | None:
    return next((one for one in both if one.name == "validation"), None)
