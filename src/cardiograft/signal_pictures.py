"""Windows to look at: which of a run's predictions are drawn, and what of them.

A run's files are its saved predictions, of signals: of each repeat a list, of one file or, of a
run that pools several test sets, of several files with different subjects.

Legend: N windows, C channels, T samples, S subjects.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cardiograft import peaks_compared, plugins, predictions, scoring, shards, signal_figures
from cardiograft.evaluated import Run
from cardiograft.metrics import heart_rate_limits
from cardiograft.predictions import Predictions
from cardiograft.records import Float32, Float64
from cardiograft.signals import scaling
from cardiograft.specs.entry import Figure
from cardiograft.specs.score import named
from cardiograft.specs.tabulate import Tabulate

Files = Sequence[Sequence[Path]]
PART = "test"
RANKS = ("best", "median", "worst")
DIGITS = 4  # of a sample that is drawn; traces are made of thousands


def tables(
    spec: Tabulate, runs: Sequence[Run], segments: Sequence[Path]
) -> dict[str, pd.DataFrame]:
    """Return what is drawn of the runs that are shown; nothing where there are none.

    Parameters
    ----------
    segments
        Folders of shards, named as the spec names them.

    Returns
    -------
    overlays, heart_rates (of the first repeat), agreement
        As the functions of these names, with a column `run`.

    Raises
    ------
    FileNotFoundError
        A folder is not among `segments`.
    ValueError
        A run has not the primary metric, or its predictions are no signals.
    """
    folders = {folder.name: folder for folder in segments}
    found: dict[str, list[pd.DataFrame]] = {}
    for run in (run for run in runs if run.name in spec.shown):
        rates = heart_rates(run.files[0])
        name, _, which = spec.primary.partition(":")
        held = _found(spec.shown[run.name], folders)
        frames = {
            "overlays": overlays(run.files, run.metric(name), which, held),
            "heart_rates": rates,
            "agreement": agreement(rates),
        }
        for table, frame in frames.items():
            found.setdefault(table, []).append(frame.assign(run=run.name))
    return {name: pd.concat(some, ignore_index=True) for name, some in found.items()}


def _found(names: Sequence[str], folders: Mapping[str, Path]) -> list[Path]:
    for name in names:
        if name not in folders:
            raise FileNotFoundError(f"no shards of {name!r} among {', '.join(folders) or 'none'}")
    return [folders[name] for name in names]


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


def picked(files: Files, metric: Figure, which: str = "") -> list[Pick]:
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
    repeats = [each_subject(_test(files_of), metric, which) for files_of in files]
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


def _ranked(of_subject: pd.Series, metric: Figure) -> list[str]:
    """Return the names of the best, the median and the worst; equals go by name."""
    lower_is_better = plugins.load("metrics", metric.name).LOWER_IS_BETTER
    order = of_subject.sort_index().sort_values(ascending=lower_is_better, kind="stable")
    names = order.index.tolist()
    return [names[0], names[(len(names) - 1) // 2], names[-1]]


def _median_window(
    files: Sequence[Path], subject: str, metric: Figure, which: str
) -> tuple[str, float]:
    own = next(s for s in _test(files) if subject in s.subject_N)
    own = own.only(own.subject_N == subject)
    value = figures(replace(own, subject_N=own.id_N), metric, which).dropna()
    order = value.sort_index().sort_values(kind="stable")
    middle = (len(order) - 1) // 2
    return str(order.index[middle]), float(order.iloc[middle])


def each_subject(saved: Sequence[Predictions], metric: Figure, which: str = "") -> pd.Series:
    """Return the figure of each subject, by name."""
    return pd.concat([figures(one, metric, which) for one in saved])


def figures(saved: Predictions, metric: Figure, which: str = "") -> pd.Series:
    """Return a metric's figure of each subject alone, by name; NaN where it has none."""
    name_S = np.unique(saved.subject_N)
    sums_SD = scoring.additive(saved, metric.model_copy(update={"without": ()}))
    found = scoring.values(metric, sums_SD, saved.labels)
    if which not in found:
        hint = plugins.hint(which, found)
        raise ValueError(f"{named(metric)}: no class or channel {which!r}.{hint}")
    return pd.Series(found[which], index=name_S)


def _test(files: Sequence[Path]) -> list[Predictions]:
    found = []
    for file in files:
        saved = predictions.read(file)
        if saved.kind != "signal":
            raise ValueError(f"{file}: 'shown' draws predictions of signals, not of {saved.kind}")
        found.append(saved.only(saved.part_N == PART))
    return found


def overlays(files: Files, metric: Figure, which: str, segments: Sequence[Path]) -> pd.DataFrame:
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
    saved = _test(files[0])
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
    shift_NC, span_NC = scaling(signal_NCT, "median_max")
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


def heart_rates(files: Sequence[Path]) -> pd.DataFrame:
    """Return each test window's true and said heart rate, of one repeat's files.

    Returns
    -------
    DataFrame
        subject, segment, channel, mean (of both, beats a minute), difference (said minus
        true); NaN where either signal has fewer than three R-peaks.
    """
    frames = []
    for saved in _test(files):
        true_NC, said_NC = peaks_compared.heart_rates(saved)
        for channel, true_N, said_N in zip(saved.labels, true_NC.T, said_NC.T, strict=True):
            frames.append(
                pd.DataFrame(
                    {
                        "subject": saved.subject_N,
                        "segment": saved.id_N,
                        "channel": channel,
                        "mean": np.round((true_N + said_N) / 2, DIGITS),
                        "difference": np.round(said_N - true_N, DIGITS),
                    }
                )
            )
    return pd.concat(frames, ignore_index=True)


def agreement(rates: pd.DataFrame) -> pd.DataFrame:
    """Return bias and limits of agreement of `heart_rates`, a row a channel.

    Returns
    -------
    DataFrame
        channel, bias, limits (± this, around the bias), both as the metrics `heart_rate_bias`
        and `heart_rate_limits` have them; windows, compared (those with both rates), subjects.
    """
    rows = []
    for channel, own in rates.groupby("channel", sort=False):
        subject_N = own["subject"].to_numpy(dtype=str)
        difference_N1 = own[["difference"]].to_numpy(dtype=np.float64)
        means_1D = signal_figures.means(subject_N, difference_N1).sum(axis=0, keepdims=True)
        sums_SD = heart_rate_limits.sums(subject_N, difference_N1)
        compared, subjects = heart_rate_limits.support(sums_SD, (channel,))[""]
        rows.append(
            {
                "channel": channel,
                "bias": signal_figures.values(means_1D, (channel,))[""][0],
                "limits": _limits(sums_SD, channel),
                "windows": len(own),
                "compared": compared,
                "subjects": subjects,
            }
        )
    return pd.DataFrame(rows)


def _limits(sums_SD: Float64, channel: str) -> float:
    whole_1D = sums_SD.sum(axis=0, keepdims=True)
    return float(heart_rate_limits.values(whole_1D, (channel,))[""][0])
