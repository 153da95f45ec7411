"""Saved predictions of signals, as tables and example windows read them: the test part of each."""

from collections.abc import Sequence
from pathlib import Path

from cardiograft.evaluation import predictions
from cardiograft.evaluation.predictions import Predictions

Files = Sequence[Sequence[Path]]
PART = "test"
DIGITS = 4  # of a sample that is drawn; traces are made of thousands


def read_test_part(files: Sequence[Path]) -> list[Predictions]:
    """Read saved predictions of signals, one repeat a file, and keep the test part of each."""
    tested = []
    for file in files:
        saved = predictions.read(file)
        if saved.kind != "signal":
            raise ValueError(f"{file}: 'shown' draws predictions of signals, not of {saved.kind}")
        tested.append(saved.only(saved.part_N == PART))
    return tested
