"""Trees on rhythm and shape, and the stretches that teach them, on recordings made here."""

from dataclasses import replace

import numpy as np
import pytest

from cardiograft.evaluation.baseline_inputs import HIDDEN, Examples
from cardiograft.evaluation.baselines import rhythm_forest
from cardiograft.signals import beat_shape, rr_intervals, synthetic_rhythms
from cardiograft.signals.beats import Geometry, Sequence, sequence

RATE_HZ, BEFORE_S, AFTER_S = 120.0, 0.3, 0.6
SAMPLES = round(RATE_HZ * (BEFORE_S + AFTER_S))
GEOMETRY = Geometry.of(SAMPLES, before_s=BEFORE_S, after_s=AFTER_S)
TIME = (np.arange(SAMPLES) - GEOMETRY.peak) / RATE_HZ
N, S, V = LABELS = ("N", "S", "V")
SMALL = {"trees": 30, "iterations": 20, "models": 1, "bins": 15}


def bump(at: float, width: float, height: float) -> np.ndarray:
    return height * np.exp(-(((TIME - at) / width) ** 2))


def beat(name: str) -> np.ndarray:
    """Return a beat with a wide QRS complex (V), or with its P wave upside down (S)."""
    p = {"N": 0.15, "S": -0.1, "V": 0.0}[name]
    qrs = bump(0, 0.07, 1.4) if name == "V" else bump(0, 0.02, 1.0)
    return bump(-0.16, 0.025, p) + qrs + bump(0.28, 0.06, 0.3)


def recording(
    names: list[str], *, seed: int, pace: float = 0.8, gain: float = 1.0, scatter: float = 0.02
) -> tuple[np.ndarray, np.ndarray]:
    """Return windows and R-R intervals before: S and V beats come at 65 % of the pace."""
    generator = np.random.default_rng(seed)
    early = np.array([0.65 if name != "N" else 1.0 for name in names])
    before = pace * early * np.exp(scatter * generator.normal(size=len(names)))
    signal = np.stack([beat(name) for name in names])
    return gain * (signal + 0.01 * generator.normal(size=signal.shape)), before


def beats(names: list[str], *, seed: int = 0, **options: float) -> Sequence:
    signal, before = recording(names, seed=seed, **options)
    return sequence(
        signal,
        before_B=np.append(np.nan, before[1:]),
        after_B=np.append(before[1:], np.nan),
        target_B=[LABELS.index(name) for name in names],
        geometry=GEOMETRY,
    )


def mixed(seed: int, count: int = 240) -> list[str]:
    names = np.random.default_rng(seed).choice(LABELS, count, p=[0.84, 0.1, 0.06])
    names[:4] = names[-4:] = "N"
    return names.tolist()


@pytest.fixture(scope="module")
def examples() -> Examples:
    parts: dict[str, list] = {k: [] for k in ("record", "start", "signal", "before", "y")}
    for r in range(6):
        names = mixed(r)
        if r == 5:  # most of its beats are S, and so its median is
            names = np.random.default_rng(9).choice(["N", "S"], 240, p=[0.25, 0.75]).tolist()
        signal, before = recording(names, seed=r, pace=0.65 + 0.08 * r, gain=1 + r)
        parts["record"] += [f"r{r}"] * len(names)
        parts["start"] += (np.arange(len(names)) * 300).tolist()
        parts["signal"] += [*signal]
        parts["before"] += [np.nan, *before[1:]]
        parts["y"] += [LABELS.index(name) for name in names]
    record, before = np.array(parts["record"]), np.array(parts["before"])
    part = np.where(np.isin(record, ["r4", "r5"]), "test", "train")
    after = np.append(before[1:], np.nan)
    after[:-1][record[1:] != record[:-1]] = np.nan
    return (
        Examples(
            columns={
                "dataset": np.full(len(record), "made"),
                "record": record,
                "start": np.array(parts["start"]),
                "signal": np.array(parts["signal"], dtype=np.float32)[:, None],
                "rr_before": before.astype(np.float32),
                "rr_after": after.astype(np.float32),
            },
            id_N=np.array([f"{n}" for n in range(len(record))]),
            subject_N=record,
            part_N=part,
            target_N=np.where(part == "train", parts["y"], HIDDEN),
            wanted_N=part == "test",
            labels=LABELS,
            seed=0,
            rate_hz=125.0,
        ),
        np.array(parts["y"])[part == "test"],
        record[part == "test"],
    )


def test_tells_what_is_early_from_what_is_wide(examples):
    given, truth, record = examples
    predicted = rhythm_forest.predict(given, **SMALL).argmax(axis=1)
    plain = record == "r4"
    for k in range(3):
        assert (predicted[plain & (truth == k)] == k).mean() > 0.9


def test_ectopy_stretches_find_s_where_most_beats_are_s(examples):
    given, truth, record = examples
    dense_s = (record == "r5") & (truth == 1)
    sensitivity = {
        stretches_: (
            rhythm_forest.predict(given, ectopy=stretches_, **SMALL).argmax(axis=1)[dense_s] == 1
        ).mean()
        for stretches_ in (0, 3)
    }
    assert sensitivity[3] > 0.9
    assert sensitivity[3] > sensitivity[0] + 0.2


def test_fibrillation_stretches_quiet_false_s_in_irregular_rhythm():
    lessons: dict[int, list] = {0: [], 1: []}
    for r in range(4):
        heart = beats(mixed(r), seed=r)
        plain = rhythm_forest.features(heart), heart.target_B
        made = synthetic_rhythms.fibrillation(heart, np.random.default_rng(r), kept=(0, 2), usual=0)
        lessons[0] += [plain]
        lessons[1] += [plain, (rhythm_forest.features(made), made.target_B)]
    af = beats([N] * 300, seed=8, scatter=0.3)
    without_p = replace(af, signal_BT=af.signal_BT - bump(-0.16, 0.025, 0.15))
    false = {}
    for made, lesson in lessons.items():
        fitted = rhythm_forest.fit(lesson, seed=0, **SMALL)
        predicted = rhythm_forest.probabilities(
            fitted, rhythm_forest.features(without_p), classes=3
        )
        false[made] = (predicted.argmax(axis=1) == 1).mean()
    assert false[0] > 0.08
    assert false[1] < 0.3 * false[0]


def test_a_row_asked_for_gets_its_own_answer_in_any_order(examples):
    given, *_ = examples
    order = np.random.default_rng(1).permutation(len(given.id_N))
    shuffled = replace(
        given,
        columns={name: column[order] for name, column in given.columns.items()},
        **{f"{k}_N": getattr(given, f"{k}_N")[order] for k in ("id", "subject", "part")},
        target_N=given.target_N[order],
        wanted_N=given.wanted_N[order],
    )
    plain, other = (rhythm_forest.predict(g, **SMALL) for g in (given, shuffled))
    rows = np.flatnonzero(given.wanted_N)
    place = {row: k for k, row in enumerate(rows)}
    np.testing.assert_allclose(
        other, plain[[place[row] for row in order if row in place]], rtol=1e-6
    )


def test_stretches_come_from_training_beats_alone():
    heart = beats(mixed(0))
    hidden = replace(heart, target_B=np.where(np.arange(240) < 120, heart.target_B, HIDDEN))
    generator = np.random.default_rng(0)
    made = [
        synthetic_rhythms.fibrillation(hidden, generator, kept=(0, 2), usual=0),
        synthetic_rhythms.ectopy(hidden, generator, early=1, usual=0),
    ]
    assert all((one.target_B != HIDDEN).all() for one in made if one is not None)
    rows = synthetic_rhythms._candidates(hidden.target_B, early=1, usual=0)
    assert max(r.max() for r in rows) < 120


def test_fibrillation_keeps_classes_and_scatters_intervals():
    heart = beats(mixed(0, 400))
    made = synthetic_rhythms.fibrillation(heart, np.random.default_rng(3), kept=(0, 2), usual=0)
    assert set(made.target_B) == {0, 2}
    interval = made.before_B[1:]
    assert 0.12 < np.std(np.log(interval)) < 0.35
    assert interval.min() >= synthetic_rhythms.FLOOR_RR_S - 1 / RATE_HZ
    np.testing.assert_array_equal(made.after_B[:-1], interval)
    wide, narrow = (made.signal_BT[made.target_B == k].mean(axis=0) for k in (2, 0))
    assert wide[GEOMETRY.span(0.05, 0.08)].mean() > narrow[GEOMETRY.span(0.05, 0.08)].mean() + 0.2
    assert made.signal_BT[:, GEOMETRY.peak].min() > 0.5  # the R-peak stays where it was


def test_fibrillation_has_no_p_wave():
    p = GEOMETRY.span(-0.19, -0.13)
    heart = beats([N] * 300)
    made = synthetic_rhythms.fibrillation(heart, np.random.default_rng(3), kept=(0, 2), usual=0)
    away = GEOMETRY.span(-0.26, -0.23)
    for one, above in ((heart, True), (made, False)):
        mean = one.signal_BT.mean(axis=0)
        assert (mean[p].mean() - mean[away].mean() > 0.05) == above


def test_ectopy_is_dense_early_and_joined_without_steps():
    heart = beats(mixed(2, 400))
    made = [
        synthetic_rhythms.ectopy(heart, np.random.default_rng(k), early=1, usual=0)
        for k in range(8)
    ]
    shares = [(one.target_B == 1).mean() for one in made]
    assert all(0.25 < share < 0.9 for share in shares)
    assert max(shares) - min(shares) > 0.2
    for one in made:
        s, n = one.target_B == 1, one.target_B == 0
        assert np.nanmedian(one.before_B[s]) < 0.8 * 0.8 < np.nanmedian(one.before_B[n]) + 0.2
        slope = np.abs(np.diff(one.signal_BT[:, GEOMETRY.span(-0.29, -0.06)], axis=1))
        assert slope.max() < 0.15


def test_too_few_beats_give_no_stretch():
    generator = np.random.default_rng(0)
    assert synthetic_rhythms.ectopy(beats([N] * 300), generator, early=1, usual=0) is None
    short = beats([N] * 20)
    assert synthetic_rhythms.fibrillation(short, generator, kept=(0,), usual=0) is None


def test_features_do_not_depend_on_pace_or_gain():
    names = mixed(4)
    looks = [beats(names, pace=0.7), beats(names, pace=1.0, gain=7.0)]
    one, two = (rhythm_forest.features(replace(b, before_B=b.before_B)) for b in looks)
    np.testing.assert_allclose(one, two, atol=1e-6)


def test_upper_quantiles_see_early_beats_where_the_median_is_early():
    names = ([S] * 3 + [N]) * 60
    heart = beats(names)
    by_name = rr_intervals.rhythm(heart, np.ones(len(names)))
    s = np.array(names) == S
    assert abs(np.median(by_name["before / usual"][s])) < 0.05
    assert np.median(by_name["before / q0.9 of 30"][s]) < -0.3


def test_shapes_are_finite_and_tell_a_wide_beat_from_a_narrow_one():
    heart = beats(mixed(5))
    by_name = beat_shape.shape(heart)
    assert all(np.isfinite(v).all() and v.shape == (240,) for v in by_name.values())
    v = heart.target_B == 2
    assert by_name["QRS width"][v].min() > by_name["QRS width"][~v].max()
    assert beat_shape.likeness(by_name)[v].max() < beat_shape.likeness(by_name)[~v].min()


@pytest.mark.parametrize("count", [1, 2, 5, 30])
def test_short_recordings_have_finite_features(count):
    assert np.isfinite(rhythm_forest.features(beats([N] * count))).all()


def test_a_window_that_holds_no_p_wave_is_refused():
    narrow = Geometry.of(20, before_s=0.05, after_s=0.1)
    with pytest.raises(ValueError, match=r"do not hold -0\.133 to -0\.083 s"):
        rhythm_forest.features(replace(beats([N] * 9), geometry=narrow))


def test_a_flat_recording_is_left_as_it_is():
    flat = sequence(
        np.zeros((9, SAMPLES)),
        before_B=np.full(9, np.nan),
        after_B=np.full(9, np.nan),
        target_B=np.zeros(9),
        geometry=GEOMETRY,
    )
    assert np.isfinite(rhythm_forest.features(flat)).all()
    assert (flat.before_B == 1.0).all()
