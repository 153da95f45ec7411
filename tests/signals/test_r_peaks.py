"""R-peaks of whole leads: the same ones upright and inverted, of leads made here and real ones."""

from fractions import Fraction

import numpy as np
import pytest

from cardiograft.signals.peaks import r_peaks

RATES = (125, 250, 360, 500, 1000)


def bump(time_T, at, size, width_s):
    return size * np.exp(-0.5 * ((time_T - at) / width_s) ** 2)


def lead(beat_B, rate, *, r=1.0, t=0.3, wide_B=(), seconds=None, noise=0.01, seed=0):
    """R of 10 ms (or wide and of the other sign), S, T and P waves at known places; mV."""
    samples = round((seconds or beat_B[-1] + 1.5) * rate)
    time_T = np.arange(samples) / rate
    signal_T = noise * np.random.default_rng(seed).standard_normal(samples)
    sizes = np.broadcast_to(r, len(beat_B))
    for at, size in zip(beat_B, sizes, strict=True):
        if at in wide_B:
            signal_T += bump(time_T, at, -1.5 * size, 0.035) + bump(time_T, at + 0.3, 0.4, 0.06)
            continue
        signal_T += bump(time_T, at, size, 0.010) + bump(time_T, at + 0.03, -0.2 * size, 0.010)
        signal_T += bump(time_T, at - 0.16, 0.1 * abs(size), 0.02) + bump(
            time_T, at + 0.28, t, 0.045
        )
    return signal_T.astype(np.float32)


def regular(count=60, interval_s=0.85, seed=1):
    return 0.6 + interval_s * np.arange(count) + np.random.default_rng(seed).normal(0, 0.01, count)


def both(signal_T, rate):
    """Return the peaks in seconds, which must be the same ones in the inverted lead."""
    upright, inverted = (r_peaks(x, Fraction(rate), mains_hz=50) for x in (signal_T, -signal_T))
    np.testing.assert_array_equal(upright, inverted)
    return upright / rate


def check(peak_A, beat_B, within_s=0.03):
    assert len(peak_A) == len(beat_B)
    assert np.abs(peak_A - beat_B).max() <= within_s


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("r", [1.0, -1.0])
def test_peaks_are_within_a_sample_at_every_rate(rate, r):
    beat_B = regular()
    check(both(lead(beat_B, rate, r=r), rate), beat_B, 1 / rate + 0.002)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize(("r", "t"), [(-0.15, 0.8), (0.15, -0.8), (-0.2, 1.0), (-0.1, 0.5)])
def test_a_small_inverted_r_is_no_tall_t(rate, r, t):
    beat_B = regular()
    check(both(lead(beat_B, rate, r=r, t=t, noise=0.002), rate), beat_B)


@pytest.mark.parametrize("rate", [125, 360])
@pytest.mark.parametrize("r", [1.0, -1.0])
def test_wide_ectopic_beats_are_found_in_bigeminy_too(rate, r):
    normal_B = 0.6 + 1.6 * np.arange(30)
    beat_B = np.sort(np.concatenate([normal_B, normal_B + 0.55]))
    signal_T = lead(beat_B, rate, r=r, wide_B=set(normal_B + 0.55))
    check(both(signal_T, rate), beat_B)


def test_one_wide_beat_now_and_then_is_found():
    beat_B = regular()
    check(both(lead(beat_B, 250, wide_B=set(beat_B[7::9])), 250), beat_B)


def test_polarity_and_size_may_change_within_a_lead():
    beat_B = regular(90)
    size_B = np.where(np.arange(90) < 40, 1.0, -0.8) * np.where(np.arange(90) // 20 == 3, 0.2, 1)
    check(both(lead(beat_B, 250, r=size_B, t=0.05, noise=0.003), 250), beat_B)


@pytest.mark.parametrize("rate", [125, 500])
@pytest.mark.parametrize("bpm", [45, 75, 170])
def test_ten_seconds_are_enough(rate, bpm):
    beat_B = np.arange(0.4, 9.6, 60 / bpm)
    check(both(lead(beat_B, rate, t=0.2, seconds=10), rate), beat_B)


def test_nothing_is_found_in_gaps_and_all_beside_them():
    beat_B = regular()
    signal_T = lead(beat_B, 250)
    signal_T[2500:4000] = np.nan
    apart_B = beat_B[(beat_B < 9.98) | (beat_B > 16.1)]
    check(both(signal_T, 250), apart_B)


@pytest.mark.parametrize("offset", [0.0, 80.0])
def test_a_flat_start_and_end_give_none(offset):
    beat_B = regular() + 20
    signal_T = lead(beat_B, 250, seconds=90)
    signal_T[: 19 * 250] = signal_T[19 * 250]
    signal_T[75 * 250 :] = signal_T[75 * 250]
    check(both(signal_T + np.float32(offset), 250), beat_B)


def test_steps_of_the_baseline_cost_no_beats():
    beat_B = regular()
    signal_T = lead(beat_B, 250)
    steps = ((beat_B[20:50:10] + 0.4) * 250).astype(int)
    for place in steps:
        signal_T[place:] += 2
    peak_A = both(signal_T, 250)
    assert (np.abs(peak_A[:, None] - beat_B).min(axis=0) < 0.03).all()
    assert len(peak_A) <= len(beat_B) + len(steps)


def test_hum_does_not_move_a_peak():
    beat_B = regular()
    signal_T = lead(beat_B, 250)
    hum_T = 0.15 * np.sin(2 * np.pi * 50 * np.arange(len(signal_T)) / 250)
    check(both(signal_T + hum_T.astype(np.float32), 250), beat_B, 0.008)


def test_scale_and_offset_do_not_matter():
    signal_T = lead(regular(), 250)
    plain = r_peaks(signal_T, Fraction(250), mains_hz=50)
    np.testing.assert_array_equal(plain, r_peaks(1024 * signal_T, Fraction(250), mains_hz=50))
    assert np.abs(plain - r_peaks(signal_T + 5, Fraction(250), mains_hz=50)).max() <= 1


@pytest.mark.parametrize("samples", [0, 1, 2, 10, 2000])
@pytest.mark.parametrize("value", [0.0, 0.1, np.nan])
def test_no_r_peak_in_silence(samples, value):
    assert not len(r_peaks(np.full(samples, value, np.float32), Fraction(125), mains_hz=50))


@pytest.mark.parametrize("samples", [1, 2, 5, 40, 130, 400])
def test_a_few_samples_are_no_error(samples):
    both(lead(regular(), 125)[:samples], 125)


def test_a_rate_that_is_too_low_is_refused():
    with pytest.raises(ValueError, match="R-peaks can't be found at 40 Hz: 50 Hz are needed"):
        r_peaks(np.zeros(100, np.float32), Fraction(40), mains_hz=50)


@pytest.mark.parametrize(("record", "missed"), [("100", 0), ("201", 2), ("208", 12), ("114", 0)])
def test_real_beats_are_where_people_marked_them(physionet, record, missed):
    wfdb = pytest.importorskip("wfdb")
    place = str(physionet / "mitdb" / "1.0.0" / record)
    signal_T = wfdb.rdrecord(place, sampto=360 * 300).p_signal[:, 0].astype(np.float32)
    marked = wfdb.rdann(place, "atr", sampto=360 * 300)
    beat_B = marked.sample[np.isin(marked.symbol, list("NAVaJFLRQ"))] / 360
    peak_A = both(signal_T, 360)
    apart_AB = np.abs(peak_A[:, None] - beat_B)
    assert (apart_AB.min(axis=0) > 0.075).sum() <= missed
    assert (apart_AB.min(axis=1) > 0.075).sum() <= 3
