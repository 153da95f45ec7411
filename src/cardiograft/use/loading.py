"""Make a network ready by what it was named: a folder, a file, or the name of one that comes along.

torch is imported where it runs the network, and only then.
"""

import importlib
import importlib.util
from dataclasses import replace
from pathlib import Path

from cardiograft.checkpoints.folder import WEIGHTS
from cardiograft.shipped import catalogue
from cardiograft.use.onnx_model import SUFFIX, load_onnx
from cardiograft.use.predictor import Predictor, Threshold


def ready(model: Path, segments: Path | None = None, *, onnx: bool = False) -> Predictor:
    """Return a network, run by torch, or by onnxruntime where that is asked for or torch lacks.

    Parameters
    ----------
    model
        A model folder, a checkpoint, an ONNX file, or a name.
    segments
        A folder of shards that it was trained on, for models that do not say how they were cut.
    onnx
        Whether onnxruntime is to run it: of a name.

    Raises
    ------
    FileNotFoundError, ValueError
        It is not there, or can't be run so.
    """
    if model.suffix == SUFFIX:
        return load_onnx(model)
    named = _named(model)
    without = importlib.util.find_spec("torch") is None
    if named is not None and (onnx or (without and named.onnx)):
        if named.onnx is None:
            why = named.card["onnx"].get("why_not", "unknown")
            raise ValueError(f"{named.name} has no ONNX file: {why}")
        return load_onnx(named.onnx)
    if onnx:
        raise ValueError(f"{model}: onnxruntime runs ONNX files: give the file that was exported")
    if without:
        raise ValueError(f"{model}: needs torch; an ONNX file (`export`) does not")
    module = importlib.import_module("cardiograft.use.model")
    predictor: Predictor = module.load(model if named is None else named.weights, segments)
    return (
        predictor if named is None else replace(predictor, own_threshold=Threshold.of(named.card))
    )


def _named(model: Path) -> catalogue.Shipped | None:
    """Return the network that comes along under a name; None where it is a path."""
    if len(model.parts) != 1 or not catalogue.NAME.fullmatch(str(model)):
        return None
    if model.is_file() or (model / WEIGHTS).is_file():
        return None
    if model.exists() and str(model) not in catalogue.names():
        return None  # a folder that holds no model, as is said later
    return catalogue.find(str(model))
