"""Quality by whether two detectors find the same beats."""

from fractions import Fraction

import numpy as np

from cardiograft.datasets import mitdb, nstdb
from cardiograft.records import Annotations, Record
from cardiograft.segments.cuts.windows import cut
from cardiograft.segments.labels.detectors_agree import label
from cardiograft.segments.prepare import prepare
from cardiograft.signals.detectors import agreement, matched
from cardiograft.specs.segment import Segment

RATE = Fraction(250)


def test_beats_are_matched_in_pairs():
    one, two = np.array([100, 300, 500, 520]), np.array([90, 340, 505])
    rows = matched(one, two, 30)
    assert [row.tolist() for row in rows] == [[0, 2], [0, 2]]
    assert matched(one, np.array([], dtype=np.int64), 30)[0].size == 0


def beating(seconds=60, noisy_from=30, level=2.0):
    """A heart of 75 beats a minute, under noise of a muscle from a second on."""
    time = np.arange(seconds * 250)
    beats = np.arange(100, len(time) - 100, 200)
    lead_T = sum(np.exp(-0.5 * ((time - at) / 5) ** 2) for at in beats)
    random = np.random.default_rng(0)
    lead_T += 0.01 * random.standard_normal(len(time))
    lead_T[noisy_from * 250 :] += level * random.standard_normal(len(time) - noisy_from * 250)
    return Record(
        dataset="made",
        id="up",
        subject="s",
        signal_CT=lead_T[None].astype(np.float32),
        rate_hz=RATE,
        leads=("I",),
        units=("mV",),
        mains_hz=50,
        annotations=Annotations.none(),
    )


def test_detectors_agree_where_nothing_hides_the_beats():
    one = beating()
    f1_N = agreement(one.signal_CT[0], RATE, 5.0, mains_hz=50)
    assert f1_N.shape == (12,)
    assert (f1_N[:5] == 1).all()
    assert (f1_N[7:] < 0.9).all()
    silent = agreement(np.zeros(2500, np.float32), RATE, 5.0, mains_hz=50)
    assert silent.tolist() == [0, 0]


def test_windows_have_the_class_of_their_own_time():
    spec = Segment.model_validate(
        {
            "database": "db",
            "dataset": "mitdb",
            "signal": {"leads": ["I"], "scale": "none"},
            "rate_hz": 100,
            "cut": {"name": "windows", "window_s": 5.0},
            "label": {"name": "detectors_agree"},
        }
    )
    segments = cut(prepare(beating(62), spec), window_s=5.0)
    assert set(segments.label_N[segments.start_N < 25 * 250]) == {"high"}
    assert set(segments.label_N[segments.start_N >= 35 * 250]) == {"low"}
    assert segments.dropped["shorter than a window"] == 1


def test_what_cannot_be_labelled_is_said():
    short = beating(4, noisy_from=2)
    assert "shorter than a window of 5 s" in label(short).unusable
    assert "low below 0.9, but high" in label(beating(), low_below=0.9, high_from=0.5).unusable


def test_the_stress_test_s_noisy_minutes_are_low(physionet):
    """118 with electrode motion at -6 dB, from the fifth minute on, beside 118 itself."""
    part = slice(290 * 360, 310 * 360)
    shares = []
    for one in (
        mitdb.read(physionet / "mitdb" / "1.0.0", "118"),
        nstdb.read(physionet / "nstdb" / "1.0.0", "118e_6"),
    ):
        shares.append(agreement(one.signal_CT[0, part], one.rate_hz, 5.0, mains_hz=60))
    clean_N, mixed_N = shares
    assert (clean_N >= 0.9).all()
    assert (mixed_N[:2] >= 0.9).all()
    assert mixed_N[2:].mean() < clean_N[2:].mean() - 0.1
