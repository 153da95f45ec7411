from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from synthetic import RATE_HZ, classes, paired_shards, signals

from cardiograft.evaluation import predictions, scoring
from cardiograft.evaluation.predictions import Predictions
from cardiograft.specs.entry import MetricSpec
from cardiograft.specs.score import Score
from cardiograft.tables import example_traces, example_windows
from cardiograft.tables.heart_rates import agreement, heart_rates


def metric(name: str) -> MetricSpec:
    return Score.model_validate({"metrics": [name]}).metrics[0]


PEARSON = metric("pearson")


def saved_to(folder: Path, *saved: Predictions) -> list[Path]:
    files = []
    for k, one in enumerate(saved):
        files.append(folder / f"{k}.parquet")
        predictions.write(one, files[-1])
    return files


def predicted_with(saved: Predictions, share: dict[str, float], *, seed: int = 0) -> Predictions:
    """Return the true signals with so much noise for each subject."""
    noise = np.random.default_rng(seed).normal(size=saved.target.shape)
    level_N = np.array([share[s] for s in saved.subject_N])
    return replace(saved, score_NK=(saved.target + level_N[:, None] * noise).astype(np.float32))


NOISE = {f"mitdb/{200 + k}": level for k, level in enumerate((0.3, 0.01, 2.0, 0.1, 0.6))}


@pytest.fixture
def base() -> Predictions:
    return signals(subjects=5, each=4)


@pytest.mark.parametrize("name", ["pearson", "prd"])
def test_best_median_and_worst_subject(base: Predictions, tmp_path: Path, name: str) -> None:
    """A correlation is best where it is high, an error where it is low."""
    files = [saved_to(tmp_path, predicted_with(base, NOISE))]
    picks = example_windows.picked(files, metric(name))
    assert [p.rank for p in picks] == ["best", "median", "worst"]
    assert [p.subject for p in picks] == ["mitdb/201", "mitdb/200", "mitdb/202"]


def test_a_channel_that_is_not_there_is_refused(base: Predictions, tmp_path: Path) -> None:
    files = [saved_to(tmp_path, predicted_with(base, NOISE))]
    with pytest.raises(ValueError, match="pearson: no class or channel 'V9'"):
        example_windows.picked(files, PEARSON, "V9")


def test_a_subject_is_ranked_by_the_mean_over_repeats(base: Predictions, tmp_path: Path) -> None:
    worse = {**NOISE, "mitdb/201": 9.0}
    files = [
        saved_to(tmp_path / "0", predicted_with(base, NOISE)),
        saved_to(tmp_path / "1", predicted_with(base, worse, seed=1)),
    ]
    picks = {p.rank: p for p in example_windows.picked(files, PEARSON)}
    assert picks["best"].subject == "mitdb/203"
    each = [
        scoring.score(predicted.only(predicted.subject_N == "mitdb/203"), (PEARSON,))["value"][0]
        for predicted in (predicted_with(base, NOISE), predicted_with(base, worse, seed=1))
    ]
    assert picks["best"].of_subject == pytest.approx(np.mean(each))


def test_window_is_the_subjects_median_one(base: Predictions, tmp_path: Path) -> None:
    predicted = predicted_with(base, NOISE)
    (best, *_) = example_windows.picked([saved_to(tmp_path, predicted)], PEARSON)
    rows = np.flatnonzero(predicted.subject_N == best.subject)
    r = {
        predicted.id_N[k]: np.corrcoef(predicted.target[k], predicted.score_NK[k])[0, 1]
        for k in rows
    }
    assert best.segment == sorted(r, key=r.__getitem__)[1]
    assert best.of_window == pytest.approx(r[best.segment])


def test_pooled_test_sets_are_one(base: Predictions, tmp_path: Path) -> None:
    predicted = predicted_with(base, NOISE)
    half = predicted.subject_N < "mitdb/202"
    whole = example_windows.picked([saved_to(tmp_path / "w", predicted)], PEARSON)
    parts = saved_to(tmp_path / "p", predicted.only(~half), predicted.only(half))
    assert example_windows.picked([parts], PEARSON) == whole


def test_only_the_test_part_is_drawn(base: Predictions, tmp_path: Path) -> None:
    part_N = np.where(base.subject_N == "mitdb/201", "train", "test")
    files = [saved_to(tmp_path, replace(predicted_with(base, NOISE), part_N=part_N))]
    assert example_windows.picked(files, PEARSON)[0].subject == "mitdb/203"


def test_classes_have_no_picture(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"0\.parquet: 'shown' draws .* signals, not of classes"):
        example_windows.picked([saved_to(tmp_path, classes())], PEARSON)


def test_overlay_holds_what_was_recorded_and_predicted(base: Predictions, tmp_path: Path) -> None:
    predicted = predicted_with(base, NOISE)
    folder = paired_shards(predicted, tmp_path / "segments", channels=("SCG x", "SCG z"))
    files = [saved_to(tmp_path, predicted)]
    table = example_traces.overlays(files, PEARSON, "", [folder])
    assert set(table["channel"]) == {"SCG z", "ECG"}
    for segment, own in table.groupby("segment"):
        row = int(np.flatnonzero(predicted.id_N == segment)[0])
        kinds = {k: g["value"].to_numpy() for k, g in own.groupby("kind")}
        np.testing.assert_allclose(kinds["true"], predicted.target[row], atol=1e-4)
        np.testing.assert_allclose(kinds["predicted"], predicted.score_NK[row], atol=1e-4)
        assert np.abs(kinds["input"]).max() == pytest.approx(1)
        assert np.median(kinds["input"]) == pytest.approx(0, abs=1e-4)
        # paired_shards makes z of the target, so that the right window is seen to be read
        assert np.corrcoef(kinds["input"], predicted.target[row])[0, 1] > 0.999
    times = table[table["kind"] == "true"].groupby("segment")["t_s"]
    assert (times.max() == (predicted.target.shape[1] - 1) / RATE_HZ).all()


@pytest.mark.parametrize(
    ("channels", "chosen"),
    [(("SCG x", "SCG y", "SCG z"), [2]), (("SCG",), [0]), (("SCG lateral", "size"), [0])],
)
def test_z_axis_is_drawn_where_there_is_one(channels: tuple[str, ...], chosen: list[int]) -> None:
    assert example_traces.drawn_channels(channels) == chosen


def test_heart_rates_and_their_agreement_are_the_metrics(tmp_path: Path) -> None:
    saved = signals(subjects=5, each=6, samples=1250)
    rates = heart_rates(saved_to(tmp_path, saved))
    assert len(rates) == 30
    for k in range(5):
        own = rates[rates["subject"] == f"mitdb/{200 + k}"]
        assert own["mean"].mean() == pytest.approx(60 + 9 * k, abs=2)
    (row,) = agreement(rates).to_dict("records")
    metrics = Score.model_validate({"metrics": ["heart_rate_bias", "heart_rate_limits"]}).metrics
    scored = scoring.score(saved, metrics).set_index("metric")["value"]
    assert row["bias"] == pytest.approx(scored["heart_rate_bias"], abs=1e-3)
    assert row["limits"] == pytest.approx(scored["heart_rate_limits"], abs=1e-3)
    assert (row["windows"], row["compared"], row["subjects"]) == (30, 30, 5)


def test_a_window_without_beats_is_counted_and_not_compared(tmp_path: Path) -> None:
    saved = signals(subjects=3, each=4, samples=1250)
    predicted_NK = saved.score_NK.copy()
    predicted_NK[0] = 0
    rates = heart_rates(saved_to(tmp_path, replace(saved, score_NK=predicted_NK)))
    assert pd.isna(rates["difference"]).sum() == 1
    (row,) = agreement(rates).to_dict("records")
    assert (row["windows"], row["compared"]) == (12, 11)
