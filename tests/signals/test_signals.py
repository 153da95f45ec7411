"""Filters, resampling and scaling, against what scipy and wfdb do."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import resample_poly, sosfiltfilt

from cardiograft.signals import filtering, resampling
from cardiograft.signals.filtering import CHUNK, bridge, butterworth, filtered
from cardiograft.signals.resampling import ratio, resampled, resampled_positions, thinned
from cardiograft.signals.scaling import shift_and_span

RATES = (250, 257, 300, 360, 500, 1000, 5000, 8000)


def noise(samples, seed=0):
    return np.random.default_rng(seed).standard_normal(samples).astype(np.float32)


def band(low_hz=0.5, high_hz=40.0, order=3, rate=360):
    return butterworth(
        low_hz=low_hz, high_hz=high_hz, order=order, rate_hz=Fraction(rate), key="signal.filter"
    )


def tone(hz, rate, seconds=20):
    return np.sin(2 * np.pi * hz * np.arange(rate * seconds) / rate).astype(np.float32)


def rms(signal_T):
    return float(np.sqrt(np.mean(np.square(signal_T.astype(np.float64)))))


# --- filters


@pytest.mark.parametrize("edges", [(0.5, 40.0), (0.5, None), (None, 40.0)])
@pytest.mark.parametrize("samples", [1, 2, 100, 5000, 2 * CHUNK + 7])
def test_filtered_is_sosfiltfilt_chunk_by_chunk(edges, samples):
    sections, signal_T = band(*edges), noise(samples)
    pad = min(samples - 1, filtering._settling(sections))
    expected = sosfiltfilt(sections, signal_T.astype(np.float64), padlen=pad)
    np.testing.assert_allclose(filtered(signal_T, sections), expected, atol=2e-6)


def test_filtered_overwrites_only_when_told_to():
    signal_T, sections = noise(1000), band()
    before = signal_T.copy()
    expected = filtered(signal_T, sections)
    np.testing.assert_array_equal(signal_T, before)
    assert filtered(signal_T, sections, overwrite=True) is signal_T
    np.testing.assert_array_equal(signal_T, expected)


def test_a_filter_is_down_by_6_db_at_its_edge_and_has_no_delay():
    sections = band(5.0, None)
    for hz, gain in ((5.0, 0.5), (20.0, 1.0), (1.0, 0.0)):
        out = filtered(tone(hz, 360), sections)[720:-720]
        assert rms(out) / rms(tone(hz, 360)) == pytest.approx(gain, abs=0.01)
    passed = filtered(tone(20.0, 360), sections)
    np.testing.assert_allclose(passed[720:-720], tone(20.0, 360)[720:-720], atol=0.01)


@pytest.mark.parametrize(
    ("low", "high", "key"),
    [(0.5, 180.0, "high_hz 180"), (0.5, 200.0, "high_hz 200"), (180.0, None, "low_hz 180")],
)
def test_an_edge_at_half_a_rate_is_refused_by_name(low, high, key):
    with pytest.raises(ValueError, match=rf"signal\.filter\.{key} is not below .* 360 Hz"):
        band(low, high)


# --- missing samples


def test_bridge_leaves_a_whole_signal_alone():
    signal_T = noise(100)
    filled_T, missing_T = bridge(signal_T, Fraction(360), 20)
    assert filled_T is signal_T
    assert missing_T is None


def test_bridge_draws_a_line_and_marks_long_gaps_only():
    signal_T = np.arange(1000, dtype=np.float32)
    signal_T[[0, 1]] = 7, 1
    signal_T[100:107] = np.nan  # 19 ms
    signal_T[300:308] = np.inf  # 22 ms
    signal_T[990:] = np.nan
    filled_T, missing_T = bridge(signal_T, Fraction(360), 20)
    assert np.flatnonzero(missing_T).tolist() == [*range(300, 308), *range(990, 1000)]
    np.testing.assert_allclose(filled_T[2:990], np.arange(2, 990))
    assert (filled_T[990:] == 989).all()
    assert np.isnan(signal_T[100]), "the recording itself is left alone"


@pytest.mark.parametrize(("longest_ms", "missing"), [(0, 4), (3.9, 4), (4, 3), (11, 3), (12, 0)])
def test_bridge_goes_as_far_as_it_is_told(longest_ms, missing):
    """At 250 Hz: one sample is 4 ms, three are 12."""
    signal_T = noise(100)
    signal_T[[20, 50, 51, 52]] = np.nan
    filled_T, missing_T = bridge(signal_T, Fraction(250), longest_ms)
    assert (0 if missing_T is None else missing_T.sum()) == missing
    assert np.isfinite(filled_T).all()


def test_bridge_of_nothing_but_gaps_is_zero():
    filled_T, missing_T = bridge(np.full(50, np.nan, np.float32), Fraction(360), 20)
    assert missing_T.all()
    assert not filled_T.any()


# --- resampling


@pytest.mark.parametrize("source", [80, 100, 150])
def test_a_tone_beyond_half_the_new_rate_is_gone(source):
    """Linear interpolation would leave half of it as an alias."""
    out = resampled(tone(source, 360), Fraction(25, 72))
    assert rms(out[125:-125]) < 0.01 * rms(tone(source, 360))


@pytest.mark.parametrize("hz", [1, 10, 25, 40, 50])
def test_the_passband_is_flat(hz):
    out = resampled(tone(hz, 360), Fraction(25, 72))
    assert rms(out[125:-125]) == pytest.approx(math.sqrt(0.5), rel=0.0015)


def test_nothing_folds_back_from_just_beyond_half_the_rate():
    for hz in (63, 65, 70):
        assert rms(resampled(tone(hz, 360), Fraction(25, 72))[125:-125]) < 1e-3


@settings(deadline=None)
@given(
    source=st.sampled_from(RATES),
    target=st.sampled_from((100, 125, 250, 257)),
    samples=st.integers(1, 3000),
    level=st.floats(-100, 100, width=32),
)
def test_length_is_exact_and_a_constant_stays_itself(source, target, samples, level):
    by = ratio(Fraction(source), Fraction(target))
    out = resampled(np.full(samples, level, np.float32), by)
    assert len(out) == math.ceil(samples * target / source)
    np.testing.assert_allclose(out, level, atol=1e-5 * max(1, abs(level)))


@settings(deadline=None)
@given(seed=st.integers(0, 99), a=st.floats(-3, 3), b=st.floats(-3, 3))
def test_resampling_is_linear(seed, a, b):
    x, y, by = noise(500, seed), noise(500, seed + 100), Fraction(125, 257)
    both = resampled((a * x + b * y).astype(np.float32), by)
    parts = a * resampled(x, by) + b * resampled(y, by)
    np.testing.assert_allclose(both, parts, atol=1e-5)


@pytest.mark.parametrize("rate", [250, 257, 360, 8000])
@pytest.mark.parametrize("samples", [2, 30, 2000])
def test_ends_are_padded_by_reflection(rate, samples):
    by, signal_T = ratio(Fraction(rate), Fraction(125)), noise(samples)
    pad = 30 * by.denominator
    padded = np.pad(signal_T.astype(np.float64), pad, mode="reflect")
    kernel = resampling._kernel(by.numerator, by.denominator)
    whole = resample_poly(padded, by.numerator, by.denominator, window=kernel)
    out = resampled(signal_T, by)
    expected = whole[30 * by.numerator :][: len(out)]
    np.testing.assert_allclose(out, expected, atol=1e-5)


ODD_HZ = ["249.89", "499.97", "999.56", "62.4725", "249.60001", "360.00123456789", "127.999999999"]


@pytest.mark.parametrize("rate", ODD_HZ)
@pytest.mark.parametrize("target", ["125", "250", "128.7"])
def test_a_tone_at_an_odd_rate_keeps_its_frequency_and_phase(rate, target):
    """Ten minutes: a wrong rate by a millionth would turn a 20 Hz tone by 4 degrees."""
    by = ratio(Fraction(rate), Fraction(target))
    assert float(by) == pytest.approx(float(target) / float(rate), rel=1e-10)
    place_T = np.arange(round(600 * float(rate)))
    signal_T = np.sin(2 * np.pi * 20 / float(rate) * place_T).astype(np.float32)
    out_T = resampled(signal_T, by)
    assert len(out_T) == math.ceil(len(signal_T) * by)
    expected_T = np.sin(2 * np.pi * 20 / float(target) * np.arange(len(out_T)))
    assert np.abs(out_T - expected_T)[200:-200].max() < 1.2e-3


@pytest.mark.parametrize(("up", "down"), [(12_503, 19_997), (19_997, 12_503), (313, 20_000)])
def test_phases_that_are_interpolated_equal_those_of_their_own(up, down):
    """The same filter, read at the times of a ratio that has one for each phase."""
    signal_T, by = noise(3000), Fraction(up, down)
    error_T = np.abs(resampling._at_any_phase(signal_T, by) - resampled(signal_T, by))
    assert np.median(error_T) < 1e-6
    assert error_T.max() < 5e-4, (
        "a sample at the very end of the filter is in the one, not the other"
    )


@settings(deadline=None)
@given(samples=st.integers(1, 300), level=st.floats(-100, 100, width=32))
def test_an_odd_ratio_too_keeps_a_constant_and_the_length(samples, level):
    by = ratio(Fraction("249.89"), Fraction(125))
    out = resampled(np.full(samples, level, np.float32), by)
    assert len(out) == math.ceil(samples * by)
    np.testing.assert_allclose(out, level, atol=1e-5 * max(1, abs(level)))


def test_nothing_beyond_half_the_new_rate_is_left_at_an_odd_rate():
    by = ratio(Fraction("249.89"), Fraction(125))
    for hz in (63, 70, 100):
        signal_T = np.sin(2 * np.pi * hz / 249.89 * np.arange(10_000)).astype(np.float32)
        assert rms(resampled(signal_T, by)[125:-125]) < 1e-3


@pytest.mark.parametrize("rate", [*ODD_HZ, "249.8899993896484375"])
def test_positions_over_a_week_are_at_their_time(rate):
    by = ratio(Fraction(rate), Fraction(125))
    place_A = np.array([0, 1, 7 * 24 * 3600 * math.floor(float(rate))])
    exact = [Fraction(int(p)) * 125 / Fraction(rate) for p in place_A]
    place = resampled_positions(place_A, by)
    assert all(abs(int(f) - e) <= Fraction(501, 1000) for f, e in zip(place, exact, strict=True))


def test_rates_without_a_ratio_are_refused():
    with pytest.raises(ValueError, match="no ratio of rates 0 and 125 Hz"):
        ratio(Fraction(0), Fraction(125))
    with pytest.raises(ValueError, match=r"sampled at 0\.1 Hz, less than 1/100 of 125 Hz"):
        ratio(Fraction("0.1"), Fraction(125))


@pytest.mark.parametrize("rate", RATES)
def test_annotations_stay_on_their_beats_over_half_an_hour(rate):
    """A 40 ms bump stands at each annotation; after resampling it peaks within a sample."""
    samples = 1800 * rate
    place_A = rate * np.arange(1, 1799, 20) + np.random.default_rng(rate).integers(0, rate, 90)
    signal_T = np.zeros(samples, dtype=np.float32)
    reach = np.arange(-rate // 10, rate // 10 + 1)
    for place in place_A:
        signal_T[place + reach] += np.exp(-0.5 * (reach / (0.04 * rate)) ** 2).astype(np.float32)
    by = ratio(Fraction(rate), Fraction(125))
    out_T = resampled(signal_T, by)
    for place in resampled_positions(place_A, by):
        around = out_T[place - 6 : place + 7]
        assert abs(int(around.argmax()) - 6) <= 1


@settings(deadline=None)
@given(rate=st.sampled_from(RATES), place=st.integers(0, 8000 * 1800))
def test_positions_are_rounded_without_bias(rate, place):
    by = ratio(Fraction(rate), Fraction(125))
    positions = int(resampled_positions(np.array([place]), by)[0])
    assert abs(positions - place * by) <= Fraction(1, 2)


def test_positions_are_not_floored_as_wfdb_does():
    by, place_A = Fraction(25, 72), np.arange(0, 650_000, 251)
    error_A = resampled_positions(place_A, by) - place_A * float(by)
    assert abs(error_A.mean()) < 0.02


def test_thinned_marks_every_span_that_holds_a_mark():
    mark_T = np.zeros(720, dtype=bool)
    mark_T[[0, 359, 719]] = True
    out = thinned(mark_T, Fraction(25, 72), 250)
    assert np.flatnonzero(out).tolist() == [0, 124, 249]
    assert not thinned(None, Fraction(25, 72), 250).any()


# --- scaling


@settings(deadline=None)
@given(
    seed=st.integers(0, 99),
    gain=st.floats(0.01, 100),
    offset=st.floats(-10, 10),
    kind=st.sampled_from(["minmax", "minmax_symmetric", "zscore", "median_max"]),
)
def test_scaling_undoes_gain_and_offset(seed, gain, offset, kind):
    def scaled(window_NCT):
        shift_NC, span_NC = shift_and_span(window_NCT.astype(np.float32), kind)
        return (window_NCT - shift_NC[..., None]) / span_NC[..., None]

    window_NCT = noise(2 * 3 * 50, seed).reshape(2, 3, 50)
    np.testing.assert_allclose(
        scaled(window_NCT), scaled(gain * window_NCT + offset), atol=2e-3 / min(gain, 1)
    )


def test_scaling_does_what_its_name_says():
    window_NCT = np.array([[[1, 2, 3, 10]]], dtype=np.float32)
    expected = {
        "minmax": [0, 1 / 9, 2 / 9, 1],
        "minmax_symmetric": [-1, -7 / 9, -5 / 9, 1],
        "median_max": [-0.2, -0.5 / 7.5, 0.5 / 7.5, 1],
        "zscore": (np.array([1, 2, 3, 10]) - 4) / np.sqrt(12.5),
        "none": [1, 2, 3, 10],
    }
    for kind, values in expected.items():
        shift_NC, span_NC = shift_and_span(window_NCT, kind)
        np.testing.assert_allclose((window_NCT[0, 0] - shift_NC[0]) / span_NC[0], values, rtol=1e-6)


def test_a_flat_window_has_span_zero_whatever_the_scaling():
    window_NCT = np.stack([np.full((1, 20), 5.0), noise(20)[None]]).astype(np.float32)
    for kind in ("minmax", "minmax_symmetric", "median_max", "zscore", "none"):
        _, span_NC = shift_and_span(window_NCT, kind)
        assert span_NC[0, 0] == 0 < span_NC[1, 0]
    assert shift_and_span(window_NCT, "minmax", 100.0)[1].max() == 0


def test_an_unknown_scaling_is_refused():
    with pytest.raises(ValueError, match="no scaling 'robust'"):
        shift_and_span(noise(8).reshape(1, 1, 8), "robust")
