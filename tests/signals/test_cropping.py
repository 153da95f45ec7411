"""Crops lie within what is no padding, at every place alike; a scale knows of no padding."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator, Tensor

from cardiograft.segments.shard_format import Meta
from cardiograft.signals.cropping import cropped, standardised
from cardiograft.training.task import Task
from cardiograft.training.tasks import classify, reconstruct

SAMPLES = 50
META = Meta(
    spec={}, manifest_digest="0", simulated=True, rate_hz=10.0, channels=("a", "b"), samples=SAMPLES
)


def ramps(lengths: list[int]) -> tuple[Tensor, Tensor]:
    """Return segments that count their samples from 1 on, in both channels, zeros after."""
    valid = torch.tensor(lengths)
    count = torch.arange(1, SAMPLES + 1.0).expand(len(lengths), 2, SAMPLES)
    return count * (torch.arange(SAMPLES) < valid[:, None, None]), valid


@settings(deadline=None, max_examples=40)
@given(
    lengths=st.lists(st.integers(1, SAMPLES), min_size=1, max_size=6),
    samples=st.integers(1, SAMPLES),
    seed=st.integers(0, 9) | st.none(),
)
def test_a_crop_is_a_piece_of_what_is_no_padding(
    lengths: list[int], samples: int, seed: int | None
) -> None:
    signal, valid = ramps(lengths)
    generator = None if seed is None else Generator().manual_seed(seed)
    crop, left = cropped(signal, valid, samples, generator)
    assert crop.shape == (len(lengths), 2, samples)
    assert torch.equal(crop[:, 0], crop[:, 1])
    assert left.tolist() == [min(length, samples) for length in lengths]
    for row, length, there in zip(crop[:, 0], lengths, left.tolist(), strict=True):
        first = int(row[0])
        assert row[:there].tolist() == list(range(first, first + there))
        assert not row[there:].any()
        if length <= samples:
            assert first == 1
        elif seed is None:
            assert first == 1 + (length - samples) // 2


def test_every_place_is_as_likely() -> None:
    rows = 4000
    signal, valid = ramps([44] * rows)
    crop, _ = cropped(signal, valid, 40, Generator().manual_seed(0))
    count = np.bincount(crop[:, 0, 0].long().numpy(), minlength=6)[1:]
    assert count.shape == (5,)
    assert np.abs(count - rows / 5).max() < 5 * np.sqrt(rows / 5)


@settings(deadline=None, max_examples=25)
@given(lengths=st.lists(st.integers(2, SAMPLES), min_size=1, max_size=5), seed=st.integers(0, 9))
def test_a_scale_is_of_the_valid_samples_alone(lengths: list[int], seed: int) -> None:
    signal, valid = ramps(lengths)
    noise = torch.randn(signal.shape, generator=Generator().manual_seed(seed))
    signal = (5 + noise) * (signal > 0)
    scaled = standardised(signal, valid)
    for row, length in zip(scaled.double(), lengths, strict=True):
        assert not row[:, length:].any()
        torch.testing.assert_close(
            row[:, :length].mean(1), torch.zeros(2).double(), atol=1e-5, rtol=0
        )
        deviation = row[:, :length].std(1, correction=0)
        torch.testing.assert_close(deviation, torch.ones(2).double(), atol=1e-4, rtol=0)


def test_a_flat_channel_is_silent() -> None:
    signal = torch.full((1, 2, SAMPLES), 0.1)
    signal[0, 1] = torch.arange(SAMPLES) / 7
    scaled = standardised(signal, torch.tensor([SAMPLES]))
    assert not scaled[0, 0].any()
    assert scaled[0, 1].std() > 0.9


def tasks(crop_s: float | None, **options: object) -> list[Task]:
    both = [m.make(META, crop_s=crop_s, **options) for m in (classify, reconstruct)]  # type: ignore[attr-defined]
    both[0].learn({"label": np.array(["A", "N"], object)}, balanced=False)
    return both


def rows_of(task: Task, lengths: list[int]) -> dict[str, Tensor]:
    signal, valid = ramps(lengths)
    label = np.array((["A", "N"] * len(lengths))[: len(lengths)], object)
    columns = {"signal": signal.numpy(), "valid": valid.numpy().astype(np.int32), "label": label}
    assert set(task.columns) <= set(columns)
    return task.encode({name: columns[name] for name in task.columns})


@pytest.mark.parametrize("which", [0, 1])
def test_a_task_crops_at_random_while_training_and_in_the_middle_otherwise(which: int) -> None:
    task, lengths = tasks(3.0)[which], [50, 50, 40, 10]
    rows, version = rows_of(task, lengths), torch.zeros(4, dtype=torch.long)

    def shown(seed: int, *, training: bool) -> Tensor:
        generator = Generator().manual_seed(seed)
        return task.batch(rows, version, generator, training=training).signal_BCT

    assert task.samples == 30
    assert shown(0, training=True).shape == (4, 2, 30)
    assert torch.equal(shown(0, training=True), shown(0, training=True))
    assert not torch.equal(shown(0, training=True), shown(1, training=True))
    middle = shown(0, training=False)
    assert torch.equal(middle, shown(1, training=False))
    assert middle[:, 0, 0].tolist() == [11, 11, 6, 1]


def test_a_reconstruction_is_of_what_is_shown() -> None:
    task = tasks(3.0, scaling="zscore")[1]
    rows, version = rows_of(task, [50, 20]), torch.zeros(2, dtype=torch.long)
    made = task.batch(rows, version, Generator().manual_seed(0), training=True)
    assert task.outputs == (2, 30)
    assert torch.equal(made.signal_BCT, made.target)
    assert not made.target[1, :, 20:].any()


def test_shuffled_phases_keep_the_spectrum_and_are_what_is_to_be_given_back() -> None:
    task, plain = reconstruct.make(META, shuffle_phase=True), reconstruct.make(META)
    rows, version = rows_of(task, [50, 31]), torch.zeros(2, dtype=torch.long)
    made = task.batch(rows, version, Generator().manual_seed(0))
    before = plain.batch(rows, version, Generator().manual_seed(0)).signal_BCT
    assert torch.equal(made.signal_BCT, made.target)
    assert not torch.allclose(made.signal_BCT, before)
    assert not made.signal_BCT[1, :, 31:].any()
    powers = [torch.fft.rfft(x[0]).abs() for x in (made.signal_BCT, before)]
    torch.testing.assert_close(*powers, atol=1e-2, rtol=1e-4)


def test_what_cannot_be_cropped_is_refused() -> None:
    with pytest.raises(ValueError, match="crop_s 6: 60 samples at 10 Hz, the segments have 50"):
        reconstruct.make(META, crop_s=6.0)
    with pytest.raises(ValueError, match="no crop_s, no scaling"):
        classify.make(META, crop_s=3.0, fibrillation=0.5)
