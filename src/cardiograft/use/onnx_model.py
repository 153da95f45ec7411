"""A trained network in an ONNX file, asked by onnxruntime: torch is not needed, nor imported.

Legend: N segments, C channels, T samples, F features, K outputs.
"""

import hashlib
import importlib.util
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from cardiograft.checkpoints.folder import CARD
from cardiograft.files import read_json
from cardiograft.records import Float32
from cardiograft.segments import shards
from cardiograft.segments.cutting import CutSegments
from cardiograft.shipped import catalogue
from cardiograft.specs.export import FORMAT
from cardiograft.use.predictor import Predictor, Threshold, only, require_readable, spec_of

METADATA = "cardiograft"  # the file's own key of what it is
SUFFIX = ".onnx"
PADDED = "padded, which an ONNX file can't tell from a signal"


@dataclass(frozen=True, kw_only=True)
class OnnxModel(Predictor):
    """A network as onnxruntime has it.

    Attributes
    ----------
    session
        ``onnxruntime.InferenceSession``.
    batch
        How many segments it takes at once, always.
    features
        Names of those that it takes beside the signal.
    bounded
        Whether the network is told where padding begins, which the file is not.
    """

    session: Any
    batch: int
    features: tuple[str, ...]
    bounded: bool

    def taken(self, cut: CutSegments) -> CutSegments:
        """Return the segments that it can take: of a network that knows padding none with it.

        A file takes every sample for one of the segment.
        """
        padded_N = cut.valid_N < self.segments.samples
        if not (self.bounded and padded_N.any()):
            return cut
        dropped = Counter({**cut.dropped, PADDED: int(padded_N.sum())})
        return replace(only(cut, ~padded_N), dropped=dropped)

    def predict(self, cut: CutSegments) -> Float32:
        """Return what the network predicts of some segments, shape (N, K)."""
        rows = len(cut.start_N)
        given = {"signal": np.asarray(cut.signal_NCT, dtype=np.float32)}
        if self.features:
            columns = [np.asarray(cut.features[name], np.float32) for name in self.features]
            given["feature"] = np.stack(columns, axis=1)
        scores = []
        for first in range(0, rows, self.batch):
            at = np.minimum(np.arange(first, first + self.batch), rows - 1)  # the last, again
            (score_BK,) = self.session.run(["score"], {k: v[at] for k, v in given.items()})
            scores.append(score_BK[: rows - first])
        width = int(np.prod(self.outputs))
        return np.concatenate([np.zeros((0, width), np.float32), *scores])


def load_onnx(path: Path) -> OnnxModel:
    """Make the network of an ONNX file ready, by what it and the card beside it say.

    Parameters
    ----------
    path
        ``model.onnx`` of an entry of `export`, with its ``card.json``, or a shipped network's.

    Raises
    ------
    FileNotFoundError, ValueError
        There is no such file or card, onnxruntime is not installed, the file is not of this
        project, its card is another's, or it takes what is left of preprocessing.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    content = path.read_bytes()
    session = _session(content, path)
    metadata = session.get_modelmeta().custom_metadata_map.get(METADATA)
    about = json.loads(metadata) if metadata else {}
    if about.get("format") != FORMAT:
        raise ValueError(f"{path}: not an ONNX file of this project")
    if about["input"]["takes"] != "segment":
        raise ValueError(
            f"{path}: it takes what is left of preprocessing ({about['input']['takes']}): export it"
            " with preprocessing: included"
        )
    require_readable(about["output"]["kind"], path)
    card = _card(path, content)
    meta = shards.Meta.of(next(iter(_segments(path, card).values())))
    done = about["in_the_file"].get("task") or {}
    labels = tuple(about["output"]["labels"])
    batch, *_ = about["input"]["shape"]
    signal = about["output"]["kind"] == "signal"
    width = about["output"]["shape"][1]
    return OnnxModel(
        where=str(path),
        segments=meta,
        spec=spec_of(meta),
        kind=about["output"]["kind"],
        labels=labels,
        outputs=(len(labels), width // len(labels)) if signal else (width,),
        simulated=bool(about["simulated"]),
        scaled=done.get("scaling", "none") != "none",
        digest=about["weights_sha256"],
        own_threshold=Threshold.of(card),
        session=session,
        batch=int(batch),
        features=tuple(about["input"]["features"]),
        bounded=_bounded(done),
    )


def _bounded(task: Mapping[str, Any]) -> bool:
    """Whether a task tells its network where padding begins, by its options."""
    if task.get("name") == "classify":  # of whole segments as they are, padding is part of them
        return task.get("crop_s") is not None or task.get("scaling", "none") != "none"
    return task.get("name") != "translate"


def _session(content: bytes, path: Path) -> Any:
    if importlib.util.find_spec("onnxruntime") is None:
        raise ValueError(f"{path}: needs onnxruntime: pip install onnxruntime")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # of onnxruntime's own kinds, which have no common name
        line = str(error).splitlines()[0]
        raise ValueError(f"{path}: not an ONNX file ({line})") from None


def _card(path: Path, content: bytes) -> dict[str, Any]:
    """Return the card of a file, which lies beside it."""
    card = read_json(path.with_name(CARD))
    digest = hashlib.sha256(content).hexdigest()
    shipped = card.get("format") == catalogue.FORMAT
    named = card["files"].get(path.name, {}).get("sha256") if shipped else card.get("file_sha256")
    if named != digest:
        raise ValueError(f"{path.with_name(CARD)}: the card of another file than {path.name}")
    return dict(card)


def _segments(path: Path, card: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metadata of the segments that the network was trained on, by the file's card."""
    known: dict[str, Any] | None = card.get("segments")
    if not known:
        raise ValueError(
            f"{path.with_name(CARD)}: does not say how recordings were cut (it is of an older"
            " release): export it again"
        )
    return known
