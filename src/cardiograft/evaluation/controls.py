"""Negative controls: corrupted inputs, and what a network predicts without the signal.

A network that draws beats wherever it likes scores as well on these as on the true input.

``shuffled``
    The window's own pieces of about 0.25 s in a random order, all channels alike: nearly the
    same spectrum and the same complexes, at other times.
``other``
    A window of another subject in the same part: a true signal, of another heart.
``phase``
    Random Fourier phases, one a frequency for all channels: the same spectrum and the same
    coherence, and no complexes.

What is drawn for a window depends on its id alone (with ``other``, on who else is in the
part), so that every model receives the same.

Legend: N segments, B batch, C channels, T samples, P pieces.
"""

import math
import zlib

import numpy as np
import numpy.typing as npt
import torch
from torch import Generator, Tensor

from cardiograft.records import Int64
from cardiograft.signals.surrogates import phase_shuffled
from cardiograft.specs.predict import Control

# ASSUME a piece holds one complex of an SCG and never two beats.
PIECE_S = 0.25
SEED = 0


def other_subjects(
    id_N: npt.NDArray[np.str_], subject_N: npt.NDArray[np.str_], part_N: npt.NDArray[np.str_]
) -> Int64:
    """Return for each segment one of another subject in the same part, as row numbers.

    Raises
    ------
    ValueError
        A part holds one subject alone.
    """
    row_N = np.empty(len(id_N), dtype=np.int64)
    for part in np.unique(part_N).tolist():
        for subject in np.unique(subject_N[part_N == part]).tolist():
            others = np.flatnonzero((part_N == part) & (subject_N != subject))
            if not len(others):
                raise ValueError(
                    f"control 'other': {subject} is alone in the part {part!r}, there is no"
                    " other subject's signal"
                )
            for n in np.flatnonzero((part_N == part) & (subject_N == subject)):
                row_N[n] = np.random.default_rng([SEED, _number(id_N[n])]).choice(others)
    return row_N


def corrupted(
    signal_BCT: Tensor, id_B: npt.NDArray[np.str_], control: Control, *, rate_hz: float
) -> Tensor:
    """Return each window ``shuffled``, or with its ``phase`` drawn anew.

    Parameters
    ----------
    signal_BCT : float32, shape (B, C, T)
    id_B : str, shape (B,)
        What is drawn for a window depends on it alone.

    Raises
    ------
    ValueError
        The control is none of these two, or the windows are too short to be shuffled.
    """
    if control not in ("shuffled", "phase"):
        raise ValueError(f"control {control!r} is not made of a window alone")
    # Drawn on the CPU, so that all devices get the same.
    window_BCT = signal_BCT.cpu()
    samples = window_BCT.shape[-1]
    pieces = math.ceil(samples / (PIECE_S * rate_hz))
    if control == "shuffled" and pieces < 2:
        raise ValueError(
            f"control 'shuffled': windows of {samples / rate_hz:g} s hold no two pieces of"
            f" {PIECE_S:g} s"
        )
    whole_1 = torch.tensor([samples])
    out_BCT = torch.empty_like(window_BCT)
    for b, name in enumerate(id_B.tolist()):
        generator = Generator().manual_seed((SEED << 32) + _number(name))
        if control == "phase":
            out_BCT[b] = phase_shuffled(window_BCT[b : b + 1], whole_1, generator)[0]
        else:
            out_BCT[b] = shuffled(window_BCT[b], generator, pieces=pieces)
    return out_BCT.to(signal_BCT.device)


def shuffled(signal_CT: Tensor, generator: Generator, *, pieces: int) -> Tensor:
    """Return a window's pieces, of equal length to one sample, in a random order."""
    cut = signal_CT.tensor_split(pieces, dim=-1)
    order_P = torch.randperm(pieces, generator=generator).tolist()
    return torch.cat([cut[p] for p in order_P], dim=-1)


def _number(name: str) -> int:
    return zlib.crc32(name.encode())
