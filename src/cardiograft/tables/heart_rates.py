"""Heart rates of predicted signals against the true ones, for Bland-Altman limits of agreement.

Legend: N windows, C channels, S subjects, D additive numbers a subject.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from cardiograft.evaluation import agreement_limits, peak_matching, signal_errors
from cardiograft.records import Float64
from cardiograft.tables.saved_signals import DIGITS, read_test_part


def heart_rates(files: Sequence[Path]) -> pd.DataFrame:
    """Return each test window's true and predicted heart rate, of one repeat's files.

    Returns
    -------
    DataFrame
        subject, segment, channel, mean (of both, beats a minute), difference
        (predicted minus true); NaN where either signal has fewer than three R-peaks.
    """
    frames = []
    for saved in read_test_part(files):
        true_NC, predicted_NC = peak_matching.heart_rates(saved)
        for channel, true_N, predicted_N in zip(
            saved.labels, true_NC.T, predicted_NC.T, strict=True
        ):
            frames.append(
                pd.DataFrame(
                    {
                        "subject": saved.subject_N,
                        "segment": saved.id_N,
                        "channel": channel,
                        "mean": np.round((true_N + predicted_N) / 2, DIGITS),
                        "difference": np.round(predicted_N - true_N, DIGITS),
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
        means_1D = signal_errors.means(subject_N, difference_N1).sum(axis=0, keepdims=True)
        sums_SD = agreement_limits.sums(subject_N, difference_N1)
        compared, subjects = agreement_limits.support(sums_SD, (channel,))[""]
        rows.append(
            {
                "channel": channel,
                "bias": signal_errors.values(means_1D, (channel,))[""][0],
                "limits": _limits(sums_SD, channel),
                "windows": len(own),
                "compared": compared,
                "subjects": subjects,
            }
        )
    return pd.DataFrame(rows)


def _limits(sums_SD: Float64, channel: str) -> float:
    whole_1D = sums_SD.sum(axis=0, keepdims=True)
    return float(agreement_limits.half_widths(whole_1D, (channel,))[""][0])
