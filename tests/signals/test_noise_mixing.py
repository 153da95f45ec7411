"""Mixtures of a clean lead and noise: the ratio asked for, and what each stretch is."""

from pathlib import Path

import numpy as np
import pytest

from cardiograft.datasets import mitdb, nstdb
from cardiograft.signals.noise_mixing import corrupted, noise_gain

RATE = 360.0
BEATS = np.arange(180, 60 * 360 - 180, 300)
TIME = np.arange(60 * 360)
CLEAN = sum(1.2 * np.exp(-0.5 * ((TIME - at) / 4) ** 2) for at in BEATS)
NOISES = {
    "em": np.random.default_rng(0).standard_normal(len(TIME)),
    "ma": 3 * np.random.default_rng(1).standard_normal(len(TIME)),
}
SHARES = {"clean": 1, "em": 1, "ma": 1, "flat_line": 1}


def made(seed=0, **changed):
    about = {"rate_hz": RATE, "stretch_s": 5.0, "ratios_db": (-6.0, 6.0), "shares": SHARES}
    rng = np.random.default_rng(seed)
    return corrupted(CLEAN, NOISES, BEATS, **(about | changed), rng=rng)


def test_a_gain_gives_the_ratio_by_its_definition():
    for name in NOISES:
        gain = noise_gain(CLEAN, NOISES[name], BEATS, rate_hz=RATE, ratio_db=6.0)
        power = np.var(gain * NOISES[name])
        assert 10 * np.log10(1.2**2 / 8 / power) == pytest.approx(6.0, abs=0.2)


def test_each_stretch_is_what_it_says():
    mixed, stretches = made()
    assert [s.start for s in stretches] == list(range(0, len(CLEAN), 1800))
    kinds = {s.kind for s in stretches}
    assert kinds == set(SHARES)
    for s in stretches:
        added = (mixed - CLEAN)[s.start : s.stop]
        if s.kind in NOISES:
            assert -6 <= s.ratio_db <= 6
            assert added.mean() == pytest.approx(0, abs=1e-9)
            ratio = 10 * np.log10(1.2**2 / 8 / np.var(added))
            assert ratio == pytest.approx(s.ratio_db, abs=0.4)
        else:
            assert s.ratio_db is None
            assert added.any() == (s.kind != "clean")


def test_a_piece_between_two_bursts_has_a_ratio_of_its_own():
    bursts = np.where(TIME // 3600 % 2, 0.1, 2.0) * np.random.default_rng(2).standard_normal(
        len(TIME)
    )
    mixed, stretches = corrupted(
        CLEAN, {"em": bursts}, BEATS, rate_hz=RATE, stretch_s=5.0, ratios_db=(0.0, 0.0),
        shares={"em": 1}, rng=np.random.default_rng(3),
    )  # fmt: skip
    for s in stretches:
        added = (mixed - CLEAN)[s.start : s.stop]
        # by the seconds' SD, as the whole's: across a burst's edge it lies between
        rms = added.reshape(5, 360).std(axis=1).mean()
        assert s.own_db == pytest.approx(10 * np.log10(1.2**2 / 8 / rms**2), abs=0.05)
        assert s.ratio_db == 0
    own = [s.own_db for s in stretches]
    assert min(own) < -1
    assert max(own) > 10


def test_a_silent_piece_hides_nothing():
    silent = np.concatenate([np.zeros(3600), NOISES["em"][:18000]])
    _, stretches = corrupted(
        CLEAN, {"em": silent}, BEATS, rate_hz=RATE, stretch_s=5.0, ratios_db=(0.0, 0.0),
        shares={"em": 1}, within=(0.0, 1 / 6), rng=np.random.default_rng(3),
    )  # fmt: skip
    assert {s.own_db for s in stretches} == {np.inf}


def test_a_generator_decides_alone():
    (one, first), (two, second), (other, _) = made(), made(), made(1)
    np.testing.assert_array_equal(one, two)
    assert first == second
    assert not np.array_equal(one, other)


def test_what_cannot_be_is_said(monkeypatch):
    with pytest.raises(ValueError, match="no noise or fault xx: known are clean, em, ma, contact"):
        made(shares={"xx": 1})
    monkeypatch.setitem(NOISES, "em", NOISES["em"][:400])
    with pytest.raises(ValueError, match="noise em, or the piece of it to use, is shorter"):
        made(shares={"em": 1})
    with pytest.raises(ValueError, match="not silent"):
        noise_gain(CLEAN, np.zeros(720), BEATS, rate_hz=RATE, ratio_db=0)


def test_the_ratio_is_that_of_the_real_stress_test(physionet: Path):
    """118e_6 is 118 with em at -6 dB: what was added to its first noisy minutes, over em's."""
    clean = mitdb.read(physionet / "mitdb" / "1.0.0", "118")
    mixed = nstdb.read(physionet / "nstdb" / "1.0.0", "118e_6")
    noise = nstdb.read(physionet / "nstdb" / "1.0.0", "em")
    beats = clean.annotations.sample_A[np.isin(clean.annotations.symbol_A, list("RVAN"))]
    part = slice(300 * 360, 420 * 360)  # the first noisy minutes
    for lead in (0, 1):
        gain = noise_gain(
            clean.signal_CT[lead].astype(float),
            noise.signal_CT[lead].astype(float),
            beats,
            rate_hz=RATE,
            ratio_db=-6,
        )
        added = (mixed.signal_CT - clean.signal_CT)[lead, part].astype(float)
        theirs = noise.signal_CT[lead, part].astype(float)
        slope = np.polyfit(theirs, added, 1)[0]
        assert slope == pytest.approx(gain, rel=0.03)
