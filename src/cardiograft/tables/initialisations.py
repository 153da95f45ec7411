"""What the network of each run began from, as its card says: not as its tags or name have it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cardiograft import parquet
from cardiograft.files import PARQUET_KEY
from cardiograft.tables.runs import Run


def initialisations(runs: Sequence[Run], cards: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return, of each run of networks whose cards say so, what they began from.

    Predictions know the weights that they are of, by their digest, and so do cards: no name is
    trusted. A run of several networks, a pool or a mean, names each start once; a baseline none.

    Returns
    -------
    dict
        Run to ``random weights``, ``weights of googlenet.pth from outside, SHA-256 1378be20...``;
        with ``, encoder frozen`` where the card's entry says so, and ``normalised by the training
        part`` where layers of that had no statistics of their own.
    """
    known = {card["weights_sha256"]: card for card in cards if card.get("weights_sha256")}
    start_by_run = {}
    for run in runs:
        files = [file for group in (run.averaged or run.files[:1]) for file in group]
        began = [text for file in files if (text := _in_words(known.get(_weights(file), {})))]
        if began:
            start_by_run[run.name] = "; ".join(dict.fromkeys(began))
    return start_by_run


def _weights(file: Path) -> str:
    """Return the digest of the weights that a file of predictions is of; none of a baseline."""
    metadata = parquet.opened(file).schema_arrow.metadata or {}
    about: dict[str, Any] = json.loads(metadata.get(PARQUET_KEY, b"{}"))
    return str(about.get("weights_sha256", ""))


def _in_words(card: Mapping[str, Any]) -> str:
    frozen = card.get("spec", {}).get("frozen") or ()
    still = f", {' and '.join(frozen)} frozen" if frozen else ""
    if card.get("settled_on_the_training_part"):
        still = f"{still} and normalised by the training part"
    return f"{card['initialisation']}{still}" if "initialisation" in card else ""
