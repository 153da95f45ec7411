"""Looks at test parts that predictions are, for the ledger (`cardiograft.look_ledger`)."""

import hashlib
from pathlib import Path

from cardiograft.evaluation.predictions import Predictions
from cardiograft.look_ledger import Look, people_digest, record


def look(saved: Predictions, *, evaluation: str, repeat: int, split: str) -> Look | None:
    """Return what a ledger holds of predictions, but for the time; nothing without a test part.

    Parameters
    ----------
    saved
        What was predicted. `about` holds ``split_digest`` and ``setting``, and of a network
        ``weights_sha256``; a baseline, which has no weights, is known by what it predicts.
    evaluation, repeat
        Whose predictions they are.
    split
        Entry of `splits`.
    """
    tested = saved.only(saved.part_N == "test")
    if not len(tested.id_N):
        return None
    predicted = hashlib.sha256("\n".join(tested.id_N.tolist()).encode())
    predicted.update(tested.score_NK.tobytes())
    weights = saved.about.get("weights_sha256") or predicted.hexdigest()
    return {
        "evaluation": evaluation,
        "repeat": repeat,
        "split": split,
        "split_digest": saved.about["split_digest"],
        "people_digest": people_digest(tested.subject_N.tolist()),
        "people": len(set(tested.subject_N.tolist())),
        "weights_sha256": weights,
        "setting": saved.about["setting"],
        "simulated": bool(saved.about.get("simulated")),
    }


def record_predictions(ledger: Path, saved: Predictions, *, split: Path, out: Path) -> None:
    """Add the look that predictions are, before they are there to be looked at.

    Parameters
    ----------
    split
        The split's table, named as its entry.
    out
        Where they will be: ``<evaluation>/<repeat>.parquet``.
    """
    repeat = int(out.stem) if out.stem.isdecimal() else 0
    seen = look(saved, evaluation=out.parent.name, repeat=repeat, split=split.stem)
    if seen:
        record(ledger, seen)
