"""Arguments of ``cardiograft apply``, of the command and of the stage's script alike."""

import argparse
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from cardiograft.specs.errors import one_line
from cardiograft.specs.own_folder import OwnFolder
from cardiograft.use.apply import PIECE_S, apply, finish, mains_hz
from cardiograft.use.loading import ready
from cardiograft.use.predictor import Predictor, Threshold

TWO = 2
DESCRIPTION = """Predict recordings without labels with a trained network: WFDB, EDF or CSV."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument(
        "model",
        type=Path,
        help="model folder, such as results/transfer/NAME/0; an ONNX file with its card; or the"
        " name of one that comes along (cardiograft models)",
    )
    parser.add_argument(
        "records",
        type=Path,
        nargs="+",
        help="WFDB records without an extension, files (.hea, .edf, .bdf, .csv), or folders",
    )
    parser.add_argument("--out", type=Path, default=Path("predictions"), help="folder to write to")
    parser.add_argument(
        "--lead",
        action="append",
        default=[],
        metavar="LEAD=NAME,...",
        help="which of a recording's leads stand for one that the network takes: MLII=II",
    )
    parser.add_argument("--unit", help="what values are in where a file does not say, such as mV")
    parser.add_argument(
        "--mains-hz",
        type=int,
        choices=(50, 60),
        help="of the mains where they were recorded; those of the network's own recordings if left"
        " out",
    )
    parser.add_argument(
        "--annotator",
        help="take heart beats from annotation files of this extension (atr), not by detection",
    )
    parser.add_argument("--rate-hz", type=float, help="of CSV files: the sampling rate")
    parser.add_argument("--time", help="of CSV files: the column that holds the time")
    parser.add_argument("--name", default="own", help="what ids of segments begin with")
    _add_how(parser)


def _add_how(parser: argparse.ArgumentParser) -> None:
    """Add how the network is run, and what its predictions are taken for."""
    parser.add_argument(
        "--segments",
        type=Path,
        help="shards that the network was trained on, where its card does not say how they were"
        " cut",
    )
    parser.add_argument(
        "--onnx",
        action="store_true",
        help="let onnxruntime run a model that is named; as it does without torch",
    )
    parser.add_argument(
        "--threshold",
        metavar="AT",
        help="of a network of two classes: the probability of the second one from which a segment"
        " is of it, or `validation`, the best one on the network's own validation part",
    )
    parser.add_argument(
        "--allow-refused",
        action="store_true",
        help="end with status 0 though recordings were refused, if any was predicted",
    )
    parser.add_argument(
        "--piece-s",
        type=float,
        default=PIECE_S,
        help="seconds; longer recordings are read in pieces of this length",
    )


def run(
    model: Path,
    records: list[Path],
    out: Path,
    lead: list[str],
    segments: Path | None,
    piece_s: float,
    allow_refused: bool,
    onnx: bool,
    threshold: str | None,
    **known: Any,
) -> None:
    """Apply a model as the arguments say.

    Raises
    ------
    FileNotFoundError, ValueError
        As `cardiograft.use.apply.apply`, or an argument can't be.
    """
    if not 60 <= piece_s <= 86_400:
        raise ValueError(f"--piece-s {piece_s:g}: accepted are 60 to 86400 seconds")
    network = with_threshold(ready(model, segments, onnx=onnx), threshold)
    if known["mains_hz"] is None:
        known["mains_hz"] = mains_hz(network.segments.spec)
    try:
        folder = OwnFolder.model_validate(
            {"path": ".", "subject": "record", "leads": _leads(lead), **known}
        )
    except ValidationError as error:
        raise ValueError(one_line(error)) from None
    finish(
        apply(network, records, out, folder=folder, piece_s=piece_s), allow_refused=allow_refused
    )


def with_threshold(network: Predictor, text: str | None) -> Predictor:
    """Return a network that uses a threshold, as ``--threshold`` names it.

    Raises
    ------
    ValueError
        It can't have one, its card has none, or a number is no probability.
    """
    if text is None:
        return network
    if text == "validation":
        if network.own_threshold is None:
            raise ValueError(f"--threshold validation: the card of {network.where} has none")
        return replace(network, threshold=network.own_threshold)
    if network.kind != "classes" or len(network.labels) != TWO:
        raise ValueError(f"--threshold {text}: {network.where} has not two classes")
    try:
        at = float(text)
    except ValueError:
        at = math.nan
    if not 0 < at < 1:
        raise ValueError(f"--threshold {text}: expected validation, or a number between 0 and 1")
    return replace(network, threshold=Threshold(network.labels[1], at))


def _leads(texts: list[str]) -> dict[str, list[str]]:
    names_by_lead: dict[str, list[str]] = {}
    for text in texts:
        lead, equals, names = text.partition("=")
        others = [name.strip() for name in names.split(",") if name.strip()]
        if not (lead.strip() and equals and others):
            raise ValueError(f"--lead {text!r}: expected LEAD=NAME, such as MLII=II")
        names_by_lead.setdefault(lead.strip(), []).extend(others)
    return names_by_lead
