"""What a baseline is shown of a segment is what a network that crops is shown of it."""

from typing import Any

import numpy as np
import pytest
import torch

from cardiograft.evaluation.baseline_inputs import read_signals
from cardiograft.segments import shards
from cardiograft.signals.cropping import cropped, standardised
from cardiograft.signals.middles import middle
from cardiograft.specs.predict import BaselinePredict
from cardiograft.training.tasks import reconstruct

LONGEST = 24


def segments(lengths: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return segments that count their samples from 1 on, in two channels, zeros after."""
    valid_N = np.array(lengths)
    count_NT = np.where(np.arange(LONGEST) < valid_N[:, None], np.arange(1, LONGEST + 1), 0)
    return np.stack([count_NT, 3.0 * count_NT**2], axis=1).astype(np.float32), valid_N


@pytest.mark.parametrize("samples", range(1, LONGEST + 1))
def test_both_take_the_same_samples_of_odd_and_even_lengths(samples: int) -> None:
    signal_NCT, valid_N = segments(list(range(1, LONGEST + 1)))
    theirs, left = cropped(torch.from_numpy(signal_NCT), torch.from_numpy(valid_N), samples)
    ours = middle(signal_NCT, valid_N, samples=samples)
    assert np.array_equal(ours, theirs.numpy())
    for length, row in zip(valid_N, ours[:, 0], strict=True):  # and those are in the middle
        before = row[0] - 1
        after = length - (before + samples)
        assert after - before in ((0, 1) if length > samples else (length - samples,))
    scaled = standardised(theirs, left).numpy()
    assert np.allclose(middle(signal_NCT, valid_N, samples=samples, zscore=True), scaled, atol=2e-5)


@pytest.mark.parametrize("scaling", ["none", "zscore"])
@pytest.mark.parametrize("samples", [19, 20, 20.5, 21.5, 63, 64])
def test_a_baseline_is_shown_what_a_network_is(cohort: Any, samples: float, scaling: str) -> None:
    """Of segments of 40 to 64 samples; half a sample too many goes the same way for both."""
    meta = shards.meta(cohort.segments)
    crop: dict[str, Any] = {"crop_s": samples / meta.rate_hz, "scaling": scaling}
    content = {"split": "toy", "baseline": "mean_signal", **crop}
    folders, about = [cohort.segments], BaselinePredict.model_validate(content)
    given: dict[str, Any] = {"columns": (), "parts": ("test",), "oracle": False}
    rows, truth_WCT = read_signals(folders, cohort.honest, target="signal", shown=about, **given)
    task = reconstruct.make(meta, **crop)
    tensors = task.encode(shards.arrays(folders, rows.id_N[rows.wanted_N].tolist(), task.columns))
    version_W = torch.zeros(len(truth_WCT), dtype=torch.long)
    seen = task.batch(tensors, version_W, torch.Generator()).signal_BCT.numpy()
    assert truth_WCT.shape == seen.shape == (len(truth_WCT), 1, task.samples)
    assert np.allclose(truth_WCT, seen, atol=2e-5 if scaling == "zscore" else 0)
