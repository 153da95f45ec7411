"""The pretext's transformations, each against what it says it does."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from scipy.signal import resample_poly

from cardiograft.signals.beat_transforms import NAMES, tiled, transform

T = 187


def beats(rows: int = 12, channels: int = 2, *, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    valid = torch.randint(60, T + 1, (rows,), generator=generator)
    signal = torch.rand((rows, channels, T), generator=generator)
    return signal * (torch.arange(T) < valid[:, None])[:, None], valid


def through(name: str, signal: Any, valid: Any, **changes: Any) -> tuple[Any, Any]:
    version = torch.full((len(signal),), NAMES.index(name))
    options = {"noise": 0.05, "pieces": 5, **changes}
    return transform(signal, valid, version, torch.Generator().manual_seed(1), **options)


def test_identity_negation_and_amplitude() -> None:
    signal, valid = beats()
    for name, factor in {"identity": 1.0, "negation": -1.0, "amplitude": 0.1}.items():
        changed, length = through(name, signal, valid)
        assert torch.equal(changed, factor * signal)
        assert torch.equal(length, valid)


def test_inversion_turns_the_beat_and_not_its_padding() -> None:
    signal, valid = beats()
    changed, _ = through("inversion", signal, valid)
    for row, n in enumerate(valid.tolist()):
        assert torch.equal(changed[row, :, :n], signal[row, :, :n].flip(-1))
        assert (changed[row, :, n:] == 0).all()


def test_noise_has_the_sd_that_was_asked_of_the_beats_range_and_spares_the_padding() -> None:
    signal, valid = beats(400, 1)
    signal = signal * 7
    changed, _ = through("noise", signal, valid, noise=0.05)
    inside = torch.arange(T) < valid[:, None]
    beat = signal[:, 0].masked_fill(~inside, torch.nan).numpy()
    spread = np.nanmax(beat, 1) - np.nanmin(beat, 1)
    added = ((changed - signal)[:, 0] / torch.from_numpy(spread)[:, None])[inside]
    assert float(added.std()) == pytest.approx(0.05, rel=0.02)
    assert abs(float(added.mean())) < 0.001
    assert ((changed - signal)[:, 0][~inside] == 0).all()


@pytest.mark.parametrize("pieces", [2, 5, 9])
def test_a_permutation_reorders_equal_pieces_and_never_leaves_them_in_order(pieces: int) -> None:
    signal, valid = beats(200)
    changed, length = through("permutation", signal, valid, pieces=pieces)
    assert torch.equal(length, valid)
    orders = set()
    for row, n in enumerate(valid.tolist()):
        edges = [n * p // pieces for p in range(pieces + 1)]
        parts = [signal[row, :, a:b] for a, b in pairwise(edges)]
        order, at = [], 0
        while at < n:
            (match,) = [
                p
                for p, part in enumerate(parts)
                if torch.equal(changed[row, :, at : at + part.shape[-1]], part)
            ]
            order.append(match)
            at += parts[match].shape[-1]
        assert sorted(order) == list(range(pieces))
        assert order != sorted(order)
        assert (changed[row, :, n:] == 0).all()
        orders.add(tuple(order))
    assert len(orders) > min(pieces, 20) - 2


@pytest.mark.parametrize(("name", "up", "down"), [("stretch", 2, 1), ("squeeze", 1, 2)])
def test_stretch_and_squeeze_are_scipys_polyphase_resampling_of_the_mirrored_beat(
    name: str, up: int, down: int
) -> None:
    signal, valid = beats()
    changed, length = through(name, signal, valid)
    for row, n in enumerate(valid.tolist()):
        beat = signal[row, :, :n].double().numpy()
        # As many samples on each side as the filter reaches; even, so that 1/2 keeps its phase.
        wide = np.pad(beat, ((0, 0), (40, 40)), mode="reflect")
        expected = resample_poly(wide, up, down, axis=-1)[:, 40 * up // down :]
        whole = min(T, -(-n * up // down))
        assert int(length[row]) == whole
        np.testing.assert_allclose(changed[row, :, :whole], expected[:, :whole], atol=2e-6)
        assert (changed[row, :, whole:] == 0).all()


def test_a_squeezed_tone_above_half_the_new_rate_is_gone() -> None:
    tone = torch.sin(2 * torch.pi * 0.4 * torch.arange(T))[None, None]
    changed, length = through("squeeze", tone, torch.tensor([T]))
    inside = changed[0, 0, 15 : int(length[0]) - 15]
    assert float(inside.abs().max()) < 0.02


def test_versions_mix_in_a_batch_and_rows_do_not_depend_on_their_neighbours() -> None:
    signal, valid = beats(16)
    version = torch.arange(16) % 8
    options: dict[str, Any] = {"noise": 0.05, "pieces": 5}
    changed, _ = transform(signal, valid, version, torch.Generator().manual_seed(1), **options)
    for row, name in ((6, "squeeze"), (5, "stretch"), (2, "inversion"), (9, "negation")):
        alone, _ = through(name, signal[row : row + 1], valid[row : row + 1])
        assert torch.allclose(changed[row], alone[0], atol=1e-6)


def test_hidden_padding_shows_the_beat_to_and_fro() -> None:
    signal, valid = beats()
    changed = tiled(signal, valid)
    for row, n in enumerate(valid.tolist()):
        expected = np.pad(signal[row, :, :n].numpy(), ((0, 0), (0, T - n)), mode="reflect")
        np.testing.assert_array_equal(changed[row].numpy(), expected)
    one = tiled(torch.ones(1, 1, 5), torch.tensor([1]))
    assert (one == 1).all()


def test_the_shortest_beats_pass_through_everything() -> None:
    for n in range(1, 6):
        signal = torch.zeros(8, 1, T)
        signal[:, :, :n] = torch.rand(8, 1, n)
        valid = torch.full((8,), n)
        changed, length = transform(
            signal,
            valid,
            torch.arange(8),
            torch.Generator().manual_seed(0),
            noise=0.05,
            pieces=5,
        )
        assert torch.isfinite(changed).all()
        assert (length >= 1).all()
