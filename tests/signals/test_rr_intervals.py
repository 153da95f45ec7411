"""R-R columns of shards, and the median beats that the cut `beats` is laid against."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardiograft.records import Annotations
from cardiograft.segments.cuts import beats
from cardiograft.segments.cutting import Labels, Prepared
from cardiograft.signals import rr_intervals

EARLY, PEAK = 0.6, 38
TIME_S = (np.arange(100) - PEAK) / 125


def irregularity(rr_B):
    return rr_intervals.columns(np.asarray(rr_B, float))["rr_irregularity"]


@pytest.mark.parametrize("pace", [0.4, 1.0])
def test_a_regular_rhythm_has_no_irregularity_at_any_pace(pace):
    rr = np.full(60, pace)
    assert not irregularity(rr).any()
    rr[30], rr[31] = EARLY * pace, (2 - EARLY) * pace  # one premature beat and its pause
    np.testing.assert_allclose(irregularity(rr), 0, atol=1e-12)


def test_the_irregularity_is_the_median_change_near_by():
    rr = 0.8 * np.exp(0.1 * (np.arange(80) % 2))
    np.testing.assert_allclose(irregularity(rr), 0.1)
    drawn = 0.8 * np.exp(0.2 * np.random.default_rng(0).standard_normal(80))
    step = np.abs(np.diff(np.log(drawn)))  # of the beats 2 to 80
    assert irregularity(drawn)[40] == pytest.approx(np.median(step[30:47]))


@given(st.lists(st.floats(0.3, 2.0), max_size=40), st.floats(0.8, 1.2))
def test_columns_are_a_value_a_beat_and_shares_ignore_the_pace(rr, factor):
    one, two = (rr_intervals.columns(np.array(rr) * f) for f in (1, factor))
    for name, column in one.items():
        assert column.shape == (len(rr) + 1,)
        if name not in ("rr_before", "rr_after", "rr_record"):
            np.testing.assert_allclose(two[name], column, atol=1e-9)
    assert np.isfinite(one["rr_irregularity"]).all() == bool(rr)


def test_late_beats_are_those_that_are_not_premature():
    rr = np.full(60, 0.8)
    rr[10::6], rr[11::6] = EARLY * 0.8, (2 - EARLY) * 0.8
    assert (~rr_intervals.late(rr)).nonzero()[0].tolist() == list(range(10, 60, 6))


def test_late_beats_are_all_where_too_few_are():
    assert rr_intervals.late(np.array([0.8, 0.4, 0.8])).tolist() == [True] * 3


def beat(kind):
    """Return a beat in mV: a premature one has its QRS complex upside down, and no P wave."""
    sign, p = (1, 0.2) if kind == "N" else (-1, 0)
    return sign * np.exp(-((TIME_S / 0.02) ** 2)) + p * np.exp(-(((TIME_S + 0.16) / 0.03) ** 2))


def prepared(kinds):
    """Return a recording at 125 Hz of one lead, in which premature beats come early."""
    rr = np.where(np.array(kinds) == "N", 125, round(EARLY * 125))
    rr += np.random.default_rng(0).integers(-4, 5, len(rr))
    sample = 125 + np.cumsum(rr)
    signal = np.zeros(sample[-1] + 200)
    for place, kind in zip(sample, kinds, strict=True):
        signal[place - PEAK : place - PEAK + 100] += beat(kind)
    rate, length = Fraction(125), len(signal)
    marks = Annotations(
        sample_A=sample, symbol_A=np.array(kinds), aux_A=np.full(len(sample), "", "U1")
    )
    return Prepared(
        name="made/up",
        lead="II",
        units=("mV",),
        signal_CT=signal[None].astype(np.float32),
        scale="none",
        rate_hz=rate,
        source_rate_hz=rate,
        mains_hz=50,
        annotations=marks,
        sample_A=sample,
        labels=Labels(mark_A=np.array(kinds, dtype=object)),
        missing_T=np.zeros(length, dtype=bool),
        moved_CT=np.ones((1, length), dtype=bool),
    )


def test_late_beats_stay_sinus_beats_where_most_beats_are_premature():
    """Six in ten beats are early: the median of all is theirs, that of the late ones is not."""
    segments_by = {
        which: beats.cut(prepared(["N", "A", "N", "A", "A"] * 20), difference=which)
        for which in ("all", "late")
    }
    assert {one.added for one in segments_by.values()} == {("less median beat",)}
    for which, usual in (("all", "A"), ("late", "N")):
        one = segments_by[which]
        away_NT = np.abs(one.signal_NCT[:, 1, 10:60])
        assert away_NT[one.label_N == usual].max() < 0.02
        assert away_NT[one.label_N != usual].max(axis=1).min() > 1.5


def test_a_median_beat_and_the_difference_from_it_add_up_to_the_beat():
    one = beats.cut(prepared(["N", "N", "A", "N"] * 10), median_beat=True, difference="all")
    assert one.added == ("median beat", "less median beat")
    np.testing.assert_allclose(
        one.signal_NCT[:, 0], one.signal_NCT[:, 1] + one.signal_NCT[:, 2], atol=1e-6
    )


def test_the_difference_of_one_beat_from_itself_is_nothing():
    one = beats.cut(prepared(["N"]), difference="late")
    assert one.signal_NCT.shape == (1, 2, 100)
    assert not one.signal_NCT[0, 1].any()
