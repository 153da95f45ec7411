"""What is drawn of a run's example windows: input, true and predicted signals.

A run's files are its saved predictions, of signals: of each repeat a list, of one file or, of a
run that pools several test sets, of several files with different subjects.

Legend: N windows, C channels, T samples.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cardiograft.records import Float32
from cardiograft.segments import shards
from cardiograft.signals.scaling import shift_and_span
from cardiograft.specs.entry import MetricSpec
from cardiograft.tables.example_windows import Pick, picked
from cardiograft.tables.saved_signals import DIGITS, Files, read_test_part


def overlays(
    files: Files, metric: MetricSpec, which: str, segments: Sequence[Path]
) -> pd.DataFrame:
    """Return input, true and predicted signals of the picked windows, one row a sample.

    Inputs are centred and scaled to be drawn; true and predicted signals share the scale that
    the run's task gave them.

    Parameters
    ----------
    segments
        Folders of shards that hold the windows.

    Returns
    -------
    DataFrame
        rank, subject, segment, of_subject, of_window, kind (``input``, ``true``,
        ``predicted``), channel, t_s (from the window's start), value.
    """
    chosen = picked(files, metric, which)
    names, shown = _inputs(segments, [pick.segment for pick in chosen])
    saved = read_test_part(files[0])
    frames = []
    for pick, input_CT in zip(chosen, shown, strict=True):
        own = next(s for s in saved if pick.segment in s.id_N)
        row = int(np.flatnonzero(own.id_N == pick.segment)[0])
        rate_hz = own.about["rate_hz"]
        true_CT, predicted_CT = (
            x[row].reshape(len(own.labels), -1) for x in (own.target, own.score_NK)
        )
        traces = [
            *(("input", name, x) for name, x in zip(names, input_CT, strict=True)),
            *(("true", name, x) for name, x in zip(own.labels, true_CT, strict=True)),
            *(("predicted", name, x) for name, x in zip(own.labels, predicted_CT, strict=True)),
        ]
        frames += [_trace(pick, *trace, rate_hz=rate_hz) for trace in traces]
    return pd.concat(frames, ignore_index=True)


def _inputs(folders: Sequence[Path], ids: Sequence[str]) -> tuple[list[str], list[Float32]]:
    """Return the names of the channels that are drawn, and each window's, scaled."""
    channels = shards.meta(folders[0]).channels
    chosen = drawn_channels(channels)
    signal_NCT = shards.arrays(folders, ids, ["signal"])["signal"][:, chosen]
    shift_NC, span_NC = shift_and_span(signal_NCT, "median_max")
    divisor_NC1 = np.where(span_NC > 0, span_NC, 1)[..., None]
    return [channels[c] for c in chosen], list((signal_NCT - shift_NC[..., None]) / divisor_NC1)


def drawn_channels(channels: Sequence[str]) -> list[int]:
    """Return the channels that are drawn: of several axes the z axis, else the first.

    z, out of the chest, is the axis that an SCG of one axis has.
    """
    upright = [k for k, name in enumerate(channels) if name.split()[-1] == "z"]
    return upright[:1] or [0]


def _trace(
    pick: Pick, kind: str, channel: str, signal_T: npt.NDArray[Any], *, rate_hz: float
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            **vars(pick),
            "kind": kind,
            "channel": channel,
            "t_s": np.round(np.arange(len(signal_T)) / rate_hz, DIGITS),
            "value": np.round(signal_T.astype(np.float64), DIGITS),
        }
    )
