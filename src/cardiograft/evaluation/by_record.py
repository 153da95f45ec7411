"""Predictions of recordings in place of those of their segments: probabilities averaged.

Legend: N segments, M recordings, K classes.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from cardiograft.evaluation import threshold
from cardiograft.evaluation.predictions import Predictions
from cardiograft.specs.score import Per


def recording(segment: str) -> str:
    """Return the recording, ``<dataset>/<record>``, of a segment's id."""
    return segment.rsplit("/", 2)[0]


def counted(saved: Predictions, per: Per) -> Predictions:
    """Return predictions as they are counted: a row a segment, or a row a recording.

    They know the threshold of their validation part, by its segments. Counted per record, a
    validation part whose recordings have several classes each serves the threshold alone.
    """
    saved = threshold.noted(saved)
    if per == "segment":
        return saved
    chosen_N = saved.part_N == threshold.PART
    mixed = threshold.KEY in saved.about and _several(saved.only(chosen_N))
    return by_record(saved.only(~chosen_N) if mixed else saved)


def _several(saved: Predictions) -> bool:
    """Whether some recording has segments of several classes."""
    record_N = np.array([recording(one) for one in saved.id_N.tolist()], dtype=str)
    _, first_M, which_N = np.unique(record_N, return_index=True, return_inverse=True)
    return bool((saved.target != saved.target[first_M][which_N]).any())


def by_record(saved: Predictions) -> Predictions:
    """Return one row for each recording: the mean of its segments' probabilities, and its class.

    Rows are sorted by recording; their ids are ``<dataset>/<record>``. Each part that was
    predicted has its own rows, that of a corrupted input too.

    Raises
    ------
    ValueError
        The predictions are not of classes, or a recording's segments differ in part, class or
        subject.
    """
    if saved.kind != "classes":
        raise ValueError(f"per 'record' averages probabilities of classes, not {saved.kind}")
    record_N = np.array([recording(one) for one in saved.id_N.tolist()], dtype=str)
    _whole(record_N, saved.part_N)
    key_N = np.char.add(np.char.add(saved.part_N, "\n"), record_N)
    _, first_M, which_N = np.unique(key_N, return_index=True, return_inverse=True)
    for name, of_N in (("class", saved.target), ("subject", saved.subject_N)):
        other = np.flatnonzero(of_N != of_N[first_M][which_N])
        if len(other):
            raise ValueError(
                f"{record_N[other[0]]}: its segments do not have one {name}: per 'record' needs"
                f" a {name} of the whole recording"
            )
    score_MK = np.zeros((len(first_M), saved.score_NK.shape[1]))
    np.add.at(score_MK, which_N, saved.score_NK.astype(np.float64))
    score_MK /= np.bincount(which_N)[:, None]
    rows = replace(saved.only(first_M), id_N=record_N[first_M])
    return replace(rows, score_NK=score_MK.astype(np.float32))


def _whole(record_N: npt.NDArray[np.str_], part_N: npt.NDArray[np.str_]) -> None:
    """Refuse recordings of which there are segments in more than one part."""
    # a corrupted input is of the part that it was made of: ``test, shuffled``
    own_N = np.array([part.partition(",")[0] for part in part_N.tolist()], dtype=str)
    _, first_M, which_N = np.unique(record_N, return_index=True, return_inverse=True)
    other = np.flatnonzero(own_N != own_N[first_M][which_N])
    if len(other):
        raise ValueError(
            f"{record_N[other[0]]}: segments of it are in {own_N[first_M][which_N][other[0]]} and"
            f" in {own_N[other[0]]}: per 'record' needs recordings that are in one part"
        )
