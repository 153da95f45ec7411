"""Windows to look at: which of a run's predictions are drawn, and what of them.

A run's files are its saved predictions, of signals: of each repeat a list, of one file or, of a
run that pools several test sets, of several files with different subjects.

Legend: N windows, C channels, T samples, S subjects.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cardiograft import plugins
from cardiograft.evaluation import scoring
from cardiograft.evaluation.predictions import Predictions
from cardiograft.records import Float32
from cardiograft.segments import shards
from cardiograft.signals.scaling import shift_and_span
from cardiograft.specs.entry import MetricSpec
from cardiograft.specs.score import named
from cardiograft.tables.saved_signals import DIGITS, Files, read_test_part

RANKS = ("best", "median", "worst")


@dataclass(frozen=True, kw_only=True)
class Pick:
    """A window, and why it was picked.

    Attributes
    ----------
    rank
        ``best``, ``median`` or ``worst``: of its subject among all of them.
    of_subject, of_window
        The figure of the subject, a mean over repeats, and of the window in the first repeat.
    """

    rank: str
    subject: str
    segment: str
    of_subject: float
    of_window: float


def picked(files: Files, metric: MetricSpec, which: str = "") -> list[Pick]:
    """Return the median windows of the best, the median and the worst subject.

    Parameters
    ----------
    files
        A run's saved predictions.
    metric, which
        The figure they are ranked by, and its class (a channel) or ``""`` for all.

    Raises
    ------
    ValueError
        The predictions are no signals, or the figure is defined of no subject.
    """
    repeats = [each_subject(read_test_part(files_of), metric, which) for files_of in files]
    mean = pd.concat(repeats, axis=1).mean(axis=1, skipna=False).dropna()
    if mean.empty:
        raise ValueError(f"{files[0][0]}: {named(metric)} is defined of no subject")
    found = []
    for rank, subject in zip(RANKS, _ranked(mean, metric), strict=True):
        segment, value = _median_window(files[0], subject, metric, which)
        found.append(
            Pick(
                rank=rank,
                subject=subject,
                segment=segment,
                of_subject=float(mean[subject]),
                of_window=value,
            )
        )
    return found


def _ranked(of_subject: pd.Series, metric: MetricSpec) -> list[str]:
    """Return the names of the best, the median and the worst; equals go by name."""
    lower_is_better = plugins.load("metrics", metric.name).LOWER_IS_BETTER
    order = of_subject.sort_index().sort_values(ascending=lower_is_better, kind="stable")
    names = order.index.tolist()
    return [names[0], names[(len(names) - 1) // 2], names[-1]]


def _median_window(
    files: Sequence[Path], subject: str, metric: MetricSpec, which: str
) -> tuple[str, float]:
    own = next(s for s in read_test_part(files) if subject in s.subject_N)
    own = own.only(own.subject_N == subject)
    value = figures(replace(own, subject_N=own.id_N), metric, which).dropna()
    order = value.sort_index().sort_values(kind="stable")
    middle = (len(order) - 1) // 2
    return str(order.index[middle]), float(order.iloc[middle])


def each_subject(saved: Sequence[Predictions], metric: MetricSpec, which: str = "") -> pd.Series:
    """Return the figure of each subject, by name."""
    return pd.concat([figures(one, metric, which) for one in saved])


def figures(saved: Predictions, metric: MetricSpec, which: str = "") -> pd.Series:
    """Return a metric's figure of each subject alone, by name; NaN where it has none."""
    name_S = np.unique(saved.subject_N)
    sums_SD = scoring.additive(saved, metric.model_copy(update={"without": ()}))
    found = scoring.values(metric, sums_SD, saved.labels)
    if which not in found:
        hint = plugins.hint(which, found)
        raise ValueError(f"{named(metric)}: no class or channel {which!r}.{hint}")
    return pd.Series(found[which], index=name_S)


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
        true_CT, said_CT = (x[row].reshape(len(own.labels), -1) for x in (own.target, own.score_NK))
        traces = [
            *(("input", name, x) for name, x in zip(names, input_CT, strict=True)),
            *(("true", name, x) for name, x in zip(own.labels, true_CT, strict=True)),
            *(("predicted", name, x) for name, x in zip(own.labels, said_CT, strict=True)),
        ]
        frames += [_trace(pick, *trace, rate_hz=rate_hz) for trace in traces]
    return pd.concat(frames, ignore_index=True)


def _inputs(folders: Sequence[Path], ids: Sequence[str]) -> tuple[list[str], list[Float32]]:
    """Return the names of the channels that are drawn, and each window's, scaled."""
    channels = shards.meta(folders[0]).channels
    chosen = drawn(channels)
    signal_NCT = shards.arrays(folders, ids, ["signal"])["signal"][:, chosen]
    shift_NC, span_NC = shift_and_span(signal_NCT, "median_max")
    divisor_NC1 = np.where(span_NC > 0, span_NC, 1)[..., None]
    return [channels[c] for c in chosen], list((signal_NCT - shift_NC[..., None]) / divisor_NC1)


def drawn(channels: Sequence[str]) -> list[int]:
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
