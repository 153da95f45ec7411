import numpy as np
import pytest
import sklearn.metrics as reference
from scipy import stats
from scipy.optimize import linear_sum_assignment
from scored_signals import beats, made, rows, value
from synthetic import RATE_HZ, signals, spikes

from cardiograft import plugins
from cardiograft.datasets.simulation import ecg, hearts, resting
from cardiograft.evaluation import agreement_limits, peak_matching, signal_errors
from cardiograft.evaluation.predictions import Predictions
from cardiograft.signals.peaks import qrs_peaks

EVERY = [n for n in plugins.names("metrics") if "signal" in plugins.load("metrics", n).KINDS]
BY_PEAKS = [n for n in EVERY if n.startswith(("peak_", "heart_", "rr_", "qrs_", "early_", "odd_"))]
BY_SAMPLES = sorted(set(EVERY) - set(BY_PEAKS))


@pytest.fixture
def uneven() -> Predictions:
    """Return windows of which the first subject has eight times as many as the last."""
    generator = np.random.default_rng(0)
    true = generator.normal(0.3, 1.0, (22, 90))
    predicted = generator.uniform(0.2, 1.0, (22, 1)) * true + generator.normal(0.1, 0.7, true.shape)
    names = ["d/a"] * 16 + ["d/b"] * 4 + ["d/c"] * 2
    return made(true, predicted, subjects=names)


def over_subjects(saved: Predictions, measure: object) -> float:
    by_subject: dict[str, list[float]] = {}
    for name, true, predicted in zip(saved.subject_N, saved.target, saved.score_NK, strict=True):
        one = measure(true.astype(float), predicted.astype(float))  # type: ignore[operator]
        by_subject.setdefault(name, []).append(one)
    return float(np.mean([np.mean(values) for values in by_subject.values()]))


REFERENCES = {
    "pearson": lambda y, x: stats.pearsonr(y, x).statistic,
    "r2": reference.r2_score,
    "mae": reference.mean_absolute_error,
    "mse": reference.mean_squared_error,
    "rmse": reference.root_mean_squared_error,
    "nmse": lambda y, x: reference.mean_squared_error(y, x) / np.mean(y**2),
    "prd": lambda y, x: 100 * np.linalg.norm(y - x) / np.linalg.norm(y),
}


@pytest.mark.parametrize("name", REFERENCES)
def test_figures_are_the_libraries_per_window_then_subject(name: str, uneven: Predictions) -> None:
    expected = over_subjects(uneven, REFERENCES[name])
    assert value(uneven, name) == pytest.approx(expected, rel=1e-6)
    row = rows(uneven, name)[""]
    assert (row["segments"], row["subjects"]) == (22, 3)


@pytest.mark.parametrize("name", EVERY)
def test_blocks_of_windows_change_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = signals(subjects=3, each=5)
    whole = value(saved, name)
    monkeypatch.setattr(signal_errors, "BLOCK", 4)
    assert value(saved, name) == pytest.approx(whole, rel=1e-12, nan_ok=True)


def test_a_window_by_hand() -> None:
    saved = made([[3, 4, 0, 0]], [[3, 0, 0, 0]])
    values = {n: value(saved, n) for n in ("mae", "mse", "rmse", "nmse", "prd", "r2")}
    expected = {"mae": 1, "mse": 4, "rmse": 2, "nmse": 0.64, "prd": 80, "r2": 1 - 16 / 12.75}
    assert values == pytest.approx(expected)
    assert value(saved, "squared_error_sum") == 16


def test_a_sum_of_squared_errors_is_as_many_mean_ones_as_there_are_samples() -> None:
    saved = signals(subjects=3, each=5, samples=500)
    assert value(saved, "squared_error_sum") == pytest.approx(500 * value(saved, "mse"))


def test_a_flat_prediction_gains_nothing() -> None:
    generator = np.random.default_rng(1)
    true = generator.normal(size=(4, 200))
    predicted = true.copy()
    predicted[2:] = 0.1  # float32 has no 0.1: what it deviates from its mean is rounding
    predicted[3] = np.nextafter(np.float32(0.1), np.float32(1))
    predicted[3, ::2] = 0.1
    for name in ("pearson", "xcor"):
        row = rows(made(true, predicted), name)[""]
        assert row["value"] == pytest.approx(0.5)
        assert row["segments"] == 4


@pytest.mark.parametrize(
    ("name", "level", "defined"),
    [
        *[(name, 0.7, False) for name in ("pearson", "r2", "xcor")],
        *[(name, 0.7, True) for name in ("prd", "nmse", "mae")],
        *[(name, 0.0, False) for name in ("prd", "nmse")],
    ],
)
def test_a_window_whose_true_signal_says_nothing_is_left_out(
    name: str, level: float, defined: bool, uneven: Predictions
) -> None:
    flat = uneven.target.copy()
    flat[:3], flat[20:] = level, level
    saved = Predictions(**{**uneven.__dict__, "target": flat})
    row, kept = rows(saved, name)[""], np.r_[3:20]
    if defined:
        assert (row["segments"], row["subjects"]) == (22, 3)
    else:
        assert (row["segments"], row["subjects"]) == (17, 2)
        assert row["value"] == pytest.approx(value(saved.only(kept), name))


@pytest.mark.parametrize("name", [*BY_PEAKS, "pearson", "r2", "prd", "nmse", "xcor"])
def test_what_nobody_has_is_not_a_number(name: str) -> None:
    row = rows(made(np.zeros((3, 625)), np.zeros((3, 625))), name)[""]
    assert np.isnan(row["value"])
    assert (row["segments"], row["subjects"]) == (0, 0)


def naive_xcor(true: np.ndarray, predicted: np.ndarray, limit: int) -> float:
    sums = []
    for lag in range(-limit, limit + 1):
        pairs = [(t, t + lag) for t in range(len(true)) if 0 <= t + lag < len(true)]
        sums.append(sum(true[t] * predicted[u] for t, u in pairs))
    return float(max(sums) / np.sqrt(np.sum(true**2) * np.sum(predicted**2)))


@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize(("max_lag_ms", "limit"), [(100, 12), (250, 31), (500, 62)])
def test_xcor_is_the_naive_loops(
    max_lag_ms: int, limit: int, centred: bool, uneven: Predictions
) -> None:
    def naive(true: np.ndarray, predicted: np.ndarray) -> float:
        if centred:
            true, predicted = true - true.mean(), predicted - predicted.mean()
        return naive_xcor(true, predicted, limit)

    xcor = value(uneven, "xcor", max_lag_ms=max_lag_ms, centred=centred)
    assert xcor == pytest.approx(over_subjects(uneven, naive), rel=1e-9)


@pytest.mark.parametrize("lag", [-40, -1, 0, 30, 62])
def test_xcor_is_numpys_and_forgives_a_delay(lag: int) -> None:
    generator = np.random.default_rng(2)
    true, predicted = np.zeros((2, 1250))
    true[200:900] = generator.normal(size=700)
    predicted[200 + lag : 900 + lag] = true[200:900]
    saved = made([true], [predicted])
    whole = np.correlate(predicted, true, "full") / np.sqrt(np.sum(true**2) * np.sum(predicted**2))
    assert value(saved, "xcor", centred=False) == pytest.approx(1, rel=1e-6)
    near = whole[1249 - 12 : 1249 + 13].max()
    xcor = value(saved, "xcor", centred=False, max_lag_ms=100)
    assert xcor == pytest.approx(near, rel=1e-6)
    assert (xcor > 0.99) == (abs(lag) <= 12)


def test_xcor_does_not_wrap_round_nor_run_past_the_window() -> None:
    true, predicted = np.zeros((2, 40))
    true[:3], predicted[-3:] = 1, 1
    assert value(made([true], [predicted]), "xcor", max_lag_ms=250, centred=False) == pytest.approx(
        0
    )
    assert value(made([true], [predicted]), "xcor", max_lag_ms=500, centred=False) == pytest.approx(
        1
    )


def test_xcor_that_is_not_centred_rewards_an_offset() -> None:
    true = spikes(np.arange(0.5, 5, 0.8), 625) - 0.9
    saved = made([true], [np.full(625, -0.5)])
    assert value(saved, "xcor", centred=False) > 0.9
    assert value(saved, "xcor") == 0


def test_each_channel_has_its_figure_and_the_mean_goes_without_a_name() -> None:
    generator = np.random.default_rng(3)
    one, two = (generator.normal(size=(2, 6, 100)) for _ in range(2))
    names = ["d/a"] * 4 + ["d/b"] * 2
    both = made(
        np.concatenate([one[0], two[0]], axis=1),
        np.concatenate([one[1], two[1]], axis=1),
        labels=("I", "II"),
        subjects=names,
    )
    for name in BY_SAMPLES:
        row_of = rows(both, name)
        alone = [value(made(*pair, subjects=names), name) for pair in (one, two)]
        assert list(row_of) == ["I", "II", ""]
        assert [row_of["I"]["value"], row_of["II"]["value"]] == pytest.approx(alone)
        assert row_of[""]["value"] == pytest.approx(np.mean(alone))


@pytest.mark.parametrize("name", ["pearson", "heart_rate_bias", "heart_rate_limits"])
def test_a_mean_over_channels_rests_on_the_least_of_them(name: str) -> None:
    saved = signals(subjects=3, each=4)
    second = saved.target.copy()
    second[:6] = 0
    both = Predictions(
        **{
            **saved.__dict__,
            "labels": ("I", "II"),
            "target": np.concatenate([saved.target, second], axis=1),
            "score_NK": np.concatenate([saved.score_NK, saved.score_NK], axis=1),
        }
    )
    row_of = rows(both, name)
    sizes = {k: (row["segments"], row["subjects"]) for k, row in row_of.items()}
    assert sizes == {"I": (12, 3), "II": (6, 2), "": (6, 2)}


# R-peaks.


def simulated(seconds: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Return a noiseless lead II in windows of 10 s, and the times of its beats."""
    rng = np.random.default_rng(4)
    rhythm = resting.sinus(72, seconds, rng, extra=0.0)
    heart, samples = hearts.person(rng), int(seconds * RATE_HZ)
    lead = ecg.leads(heart, rhythm, ["II"], rate_hz=RATE_HZ, samples=samples, rng=rng)[0]
    return lead.reshape(-1, 1250), rhythm.time_N


def test_peaks_are_where_the_simulated_beats_are() -> None:
    window_NT, beat_A = simulated()
    for n, peak_A in enumerate(qrs_peaks(window_NT, RATE_HZ)):
        inside = (beat_A > 10 * n + 0.1) & (beat_A < 10 * n + 9.9)
        late_A = peak_A[:, None] / RATE_HZ + 10 * n - beat_A[inside]
        assert np.abs(late_A).min(axis=0).max() < 0.03
        assert abs(len(peak_A) - inside.sum()) <= 2  # those at the ends


@pytest.mark.parametrize("change", [lambda x: -x, lambda x: 0.02 * x - 3, lambda x: x[:, ::-1]])
def test_peaks_have_no_polarity_scale_offset_or_direction(change: object) -> None:
    window_NT = simulated(60)[0]
    plain = qrs_peaks(window_NT, RATE_HZ)
    other = qrs_peaks(change(window_NT), RATE_HZ)  # type: ignore[operator]
    for one_A, two_A in zip(plain, other, strict=True):
        two_A = 1249 - two_A[::-1] if change(np.eye(2))[0, 0] == 0 else two_A  # type: ignore[operator]
        np.testing.assert_allclose(one_A, two_A, atol=1e-3)


def test_peaks_lie_between_samples() -> None:
    beat_A = np.array([1.0013, 2.0047, 3.0081, 4.0])
    (peak_A,) = qrs_peaks(spikes(beat_A, 625)[None], RATE_HZ)
    np.testing.assert_allclose(peak_A / RATE_HZ, beat_A, atol=0.0004)


def test_what_is_constant_has_no_peaks_nor_has_a_beat_that_is_cut_off() -> None:
    flat, steps = np.full(625, 0.1, np.float32).astype(float), np.arange(0.0, 5.1, 1.0)
    none_A, peak_A = qrs_peaks(np.stack([flat, spikes(steps, 625)]), RATE_HZ)
    assert len(none_A) == 0
    np.testing.assert_allclose(peak_A / RATE_HZ, [1, 2, 3, 4], atol=0.001)


@pytest.mark.parametrize("reach", [2.0, 6.25, 18.75])
def test_matches_are_the_most_there_can_be(reach: float) -> None:
    generator = np.random.default_rng(5)
    for _ in range(50):
        of_A, to_A = (
            np.cumsum(generator.uniform(37.5, 80, generator.integers(1, 12))) for _ in "ab"
        )
        cost = np.abs(of_A[:, None] - to_A)
        best = linear_sum_assignment(np.where(cost <= reach, cost - 1e6, 0))
        most = (cost[best] <= reach).sum()
        nearest_A, apart_A = peak_matching.partners(of_A, to_A)
        partner_A = np.where(apart_A <= reach, nearest_A, -1)
        hit_A = partner_A[partner_A >= 0]
        assert len(hit_A) == most == len(set(hit_A))
        assert (cost[np.flatnonzero(partner_A >= 0), hit_A] <= reach).all()


def test_one_peak_confirms_one_alone() -> None:
    nearest_A, apart_A = peak_matching.partners(np.array([90.0, 105.0]), np.array([100.0]))
    assert nearest_A[1] == 0
    np.testing.assert_array_equal(apart_A, [np.inf, 5])


def test_missed_and_invented_beats_by_hand() -> None:
    true = beats([1, 2, 3, 4], [0.5, 1.5, 2.5, 3.5, 4.5])
    predicted = beats([1, 3, 4, 4.5], [0.53, 1.5, 2.5, 3.5, 4.5])
    saved = made(true, predicted)
    assert value(saved, "peak_sensitivity") == pytest.approx(8 / 9)
    assert value(saved, "peak_positive_predictivity") == pytest.approx(8 / 9)
    assert value(saved, "peak_timing") == pytest.approx(30 / 8, abs=0.1)
    mixed = value(made(true[:1], predicted[:1]), "peak_sensitivity")
    assert mixed == 0.75


def test_a_subjects_windows_are_pooled_and_subjects_count_the_same() -> None:
    true = beats([1, 2], [1, 1.6, 2.2, 2.8, 3.4, 4], [1, 2, 3, 4])
    predicted = beats([1.3, 2], [1, 1.6, 2.2, 2.8, 3.4, 4], [1, 2.3])
    saved = made(true, predicted, subjects=["d/a", "d/a", "d/b"])
    assert value(saved, "peak_sensitivity") == pytest.approx((7 / 8 + 1 / 4) / 2)
    assert value(saved, "peak_positive_predictivity") == pytest.approx((7 / 8 + 1 / 2) / 2)


@pytest.mark.parametrize(
    ("late_s", "tolerances"), [(0.04, (50, 75, 150)), (0.064, (75, 150)), (0.1, (150,))]
)
def test_a_tolerance_is_kept(late_s: float, tolerances: tuple[int, ...]) -> None:
    beat_s = [0.5, 1.5, 2.5, 3.5, 4.5]
    saved = made(beats(beat_s), beats([b - late_s for b in beat_s]))
    for tolerance_ms in (50, 75, 150):
        within = tolerance_ms in tolerances
        for name in ("peak_sensitivity", "peak_positive_predictivity"):
            assert value(saved, name, tolerance_ms=tolerance_ms) == within
        timing = value(saved, "peak_timing", tolerance_ms=tolerance_ms)
        expected = 1000 * late_s if within else np.nan
        assert timing == pytest.approx(expected, abs=0.2, nan_ok=True)


@pytest.mark.parametrize("at_s", [0.1, 4.9])
def test_a_beat_at_the_windows_end_counts_neither_way(at_s: float) -> None:
    inside = [1.0, 2.0, 3.0, 4.0]
    with_it, without = beats(sorted([*inside, at_s])), beats(inside)
    (peak_A,) = qrs_peaks(with_it, RATE_HZ)
    assert len(peak_A) == 5
    assert value(made(with_it, without), "peak_sensitivity") == 1
    assert value(made(without, with_it), "peak_positive_predictivity") == 1
    counts = peak_matching.matches(made(with_it, with_it))[0, 0, :, :4]
    np.testing.assert_array_equal(counts, np.full((3, 4), 4))


@pytest.mark.parametrize("sign", [1, -1])
def test_a_beat_inside_may_match_one_at_the_end(sign: int) -> None:
    true, predicted = beats([0.2, 1, 2]), beats([0.13, 1, 2])
    saved = made(*((true, predicted) if sign == 1 else (predicted, true)))
    assert value(saved, "peak_sensitivity") == 1
    assert value(saved, "peak_positive_predictivity") == 1


def test_silence_has_no_positive_predictivity_and_no_sensitivity() -> None:
    true = beats([1, 2, 3, 4], [1, 2, 3, 4])
    predicted = np.stack([np.full(625, 0.2), true[1]])
    saved = made(true, predicted, subjects=["d/a", "d/b"])
    sensitivity, predictivity = (
        rows(saved, name)[""] for name in ("peak_sensitivity", "peak_positive_predictivity")
    )
    assert (sensitivity["value"], sensitivity["subjects"]) == (0.5, 2)
    assert (predictivity["value"], predictivity["subjects"]) == (1, 1)
    assert (predictivity["segments"], sensitivity["segments"]) == (1, 2)


# Heart rates.


def test_heart_rates_differ_by_what_the_beats_say() -> None:
    true = beats(*[np.arange(0.3, 9.9, 60 / 75).tolist()] * 3, samples=1250)
    predicted = beats(*[np.arange(0.4, 9.9, 60 / f).tolist() for f in (81, 75, 70)], samples=1250)
    saved = made(true, predicted, subjects=["d/a", "d/a", "d/b"])
    assert value(saved, "heart_rate_bias") == pytest.approx((3 - 5) / 2, abs=0.05)


def test_a_missed_beat_does_not_change_the_median() -> None:
    beat_s = np.arange(0.4, 9.8, 0.8)
    predicted = np.delete(beat_s, 4)
    saved = made(beats(beat_s.tolist(), samples=1250), beats(predicted.tolist(), samples=1250))
    assert value(saved, "heart_rate_bias") == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("name", ["heart_rate_bias", "heart_rate_limits"])
def test_windows_of_fewer_than_three_peaks_are_left_out_and_seen_to_be(name: str) -> None:
    every, some = [1.0, 2.0, 3.0, 4.0], [1.0, 2.0]
    subjects = ["d/a", "d/a", "d/b", "d/b", "d/c"]
    saved = made(
        beats(every, every, every, some, some),
        beats(every, some, [1, 2.1, 3.2], every, every),
        subjects=subjects,
    )
    row = rows(saved, name)[""]
    assert (row["segments"], row["subjects"]) == (2, 2)
    faster = 60 / 1.1 - 60
    expected = {"heart_rate_bias": faster / 2, "heart_rate_limits": 1.96 * -faster / np.sqrt(2)}
    assert row["value"] == pytest.approx(expected[name], abs=0.02)


# Cardiac output of 12 people, measured three to six times each by radionuclide ventriculography
# and by impedance cardiography: Bland & Altman 2007, table 1.
OUTPUT = {
    "1": "7.83 6.57 7.42 5.62 7.89 6.90 7.12 6.57 7.88 6.35",
    "2": "6.16 4.06 7.26 4.29 6.71 4.26 6.54 4.09",
    "3": "4.75 4.71 5.24 5.50 4.86 5.08 4.78 5.02 6.05 6.01 5.42 5.67",
    "4": "4.21 4.14 3.61 4.20 3.72 4.61 3.87 4.68 3.92 5.04",
    "5": "3.13 3.03 2.98 2.86 2.85 2.77 3.17 2.46 3.09 2.32 3.12 2.43",
    "6": "5.92 5.90 6.42 5.81 5.92 5.70 6.27 5.76",
    "7": "7.13 5.09 6.62 4.63 6.58 4.61 6.93 5.09",
    "8": "4.54 4.72 4.81 4.61 5.11 4.36 5.29 4.20 5.39 4.36 5.57 4.20",
    "9": "4.48 3.17 4.92 3.12 3.97 2.96",
    "10": "4.22 4.35 4.65 4.62 4.74 3.16 4.44 3.53 4.50 3.53",
    "11": "6.78 7.20 6.07 6.09 6.52 7.00 6.42 7.10 6.41 7.40 5.76 6.80",
    "12": "5.06 4.50 4.72 4.20 4.90 3.80 4.80 3.80 4.90 4.20 5.10 4.50",
}


def output() -> tuple[np.ndarray, np.ndarray]:
    """Return whose each difference is, and the differences."""
    pairs = {name: np.array(text.split(), float).reshape(-1, 2) for name, text in OUTPUT.items()}
    subject_N = np.repeat(list(pairs), [len(pair) for pair in pairs.values()])
    return subject_N, np.concatenate([pair[:, 0] - pair[:, 1] for pair in pairs.values()])


def half_width(subject_N: np.ndarray, difference_N: np.ndarray) -> float:
    sums_SD = agreement_limits.sums(subject_N, difference_N[:, None])
    return float(agreement_limits.half_widths(sums_SD.sum(axis=0, keepdims=True), ("II",))[""][0])


def test_limits_of_agreement_are_those_that_bland_and_altman_print() -> None:
    subject_N, difference_N = output()
    assert half_width(subject_N, difference_N) == pytest.approx((2.5437899 + 1.3394565) / 2)
    assert half_width(subject_N, difference_N) / 1.96 == pytest.approx(0.99062408, abs=1e-7)
    sums_SD = signal_errors.means(subject_N, difference_N[:, None])
    bias = signal_errors.values(sums_SD.sum(axis=0, keepdims=True), ("II",))[""]
    assert bias == pytest.approx(0.7092361)  # their mean of the subjects' means


def test_limits_of_one_window_each_are_the_plain_ones() -> None:
    _, difference_N = output()
    subject_N = np.arange(len(difference_N)).astype(str)
    expected = 1.96 * difference_N.std(ddof=1)
    assert half_width(subject_N, difference_N) == pytest.approx(expected)


def test_limits_of_people_all_alike_are_those_within_a_person() -> None:
    subject_N, difference_N = np.repeat(["a", "b", "c"], 3), np.tile([-2.0, 0.5, 1.5], 3)
    assert half_width(subject_N, difference_N) == pytest.approx(1.96 * np.sqrt(6.5 / 2))


def test_limits_need_two_people_and_leave_out_what_is_not_there() -> None:
    subject_N, difference_N = output()
    one = subject_N == "3"
    assert np.isnan(half_width(subject_N[one], difference_N[one]))
    holes_N = np.where(subject_N == "7", np.nan, difference_N)
    rest = subject_N != "7"
    expected = half_width(subject_N[rest], difference_N[rest])
    assert half_width(subject_N, holes_N) == pytest.approx(expected)


def test_perfect_predictions_score_perfectly_and_worse_ones_worse() -> None:
    saved = signals(subjects=4)
    same = Predictions(**{**saved.__dict__, "score_NK": saved.target})
    high = {"pearson", "r2", "xcor", "peak_sensitivity", "peak_positive_predictivity"}
    high |= {"pearson_at_delay", "qrs_polarity", "rr_within"}
    for name in EVERY:
        if name.startswith(("early_", "odd_")):  # of which these regular hearts have none
            assert np.isnan(value(same, name))
            continue
        if name == "qrs_always_upright":  # of the true signals alone
            continue
        perfect, poorer = value(same, name), value(saved, name)
        assert perfect == pytest.approx(float(name in high), abs=1e-6)
        assert poorer <= perfect if name in high else abs(poorer) >= perfect
        assert plugins.load("metrics", name).LOWER_IS_BETTER is (name not in high)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        *[
            (name, {"tolerance_ms": t})
            for name in BY_PEAKS
            if name.startswith("peak_")
            for t in peak_matching.TOLERANCES_MS
        ],
        *[("xcor", {"max_lag_ms": t}) for t in plugins.load("metrics", "xcor").LIMITS_MS],
    ],
)
def test_all_that_is_added_up_may_be_asked_for(name: str, options: dict[str, int]) -> None:
    ((key, one),) = options.items()
    assert np.isfinite(value(signals(subjects=2), name, **options))
    with pytest.raises(ValueError, match=key):
        value(signals(subjects=2), name, **{key: one + 1})


@pytest.mark.parametrize("name", [*BY_PEAKS, "xcor"])
def test_what_needs_a_rate_says_so(name: str) -> None:
    saved = made(np.ones((1, 625)), np.ones((1, 625)), rate_hz=None)
    with pytest.raises(ValueError, match="need a positive rate_hz, not None"):
        value(saved, name)


@pytest.mark.parametrize("name", BY_PEAKS)
def test_a_rate_too_low_for_the_detector_is_refused(name: str) -> None:
    saved = made(np.ones((1, 625)), np.ones((1, 625)), rate_hz=40)
    with pytest.raises(ValueError, match="high_hz 22 is not below half of the rate 40 Hz"):
        value(saved, name)


@pytest.mark.parametrize("name", EVERY)
def test_broken_signals_are_refused(name: str) -> None:
    good, bad = np.ones((2, 8)), np.ones((2, 8))
    bad[1, 3] = np.inf
    for true, predicted, what in ((good, bad, "score"), (bad, good, "target")):
        with pytest.raises(ValueError, match=f"scg_vhd/a/SCG/1: a {what} is not finite"):
            value(made(true, predicted), name)
    for true, predicted, labels in (
        (good, good[:, 1:], ("II",)),
        (good, good, ("I", "II", "III")),
        (good[:, :0], good[:, :0], ("II",)),
    ):
        with pytest.raises(ValueError, match=f"are not signals of {len(labels)} channels"):
            value(made(true, predicted, labels=labels), name)
