"""Beats re-timed to atrial fibrillation, as rows of shards and in a training batch."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Generator

from cardiograft.segments import shards
from cardiograft.training.task import Batch
from cardiograft.training.tasks import _synthetic_beats, classify

PEAK, SAMPLES, RATE_HZ = 100, 188, 125.0
TIME_S = (np.arange(SAMPLES) - PEAK) / RATE_HZ
HEIGHTS = (1.5, 0.4)  # mV, of the QRS complex in either lead


def meta(**changed: Any) -> shards.Meta:
    cut = {"before_s": 0.8, "after_s": 0.7, "neighbours": 0, "median_beat": True}
    cut |= {"difference": "late", **changed}
    return shards.Meta(
        spec={
            "cut": {"name": changed.get("name", "beats"), "options": cut},
            "signal": {"leads": ["MLII|V5", "V1|V2"], "scale": changed.get("scale", "none")},
        },
        manifest_digest="0",
        simulated=True,
        rate_hz=RATE_HZ,
        channels=tuple(f"{i}" for i in range(6)),
        samples=SAMPLES,
        features=("rr_before", "rr_after", "rr_before_of_record", "rr_irregularity"),
    )


def columns(records: int = 2, beats: int = 120) -> dict[str, Any]:
    """Return regular beats, 0.8 s apart, with a P wave; every tenth is S, every 15th V."""
    n = records * beats
    label = np.array(["N", "N", "V", "S"], object)[
        np.where(np.arange(n) % 10 == 3, 3, np.where(np.arange(n) % 15 == 1, 2, 0))
    ]
    wave = np.exp(-((TIME_S / 0.02) ** 2)) + 0.2 * np.exp(-(((TIME_S + 0.16) / 0.03) ** 2))
    signal = np.zeros((n, 6, SAMPLES), np.float32)
    signal[:, 0], signal[:, 1] = HEIGHTS[0] * wave, -HEIGHTS[1] * wave
    return {
        "dataset": np.full(n, "made"),
        "record": np.repeat([f"r{r}" for r in range(records)], beats),
        "start": np.tile(np.arange(beats) * 288, records),
        "signal": signal,
        "label": label,
        "rr_before": np.full(n, 0.8, np.float32),
        "rr_after": np.full(n, 0.8, np.float32),
        "rr_before_of_record": np.ones(n, np.float32),
        "rr_irregularity": np.zeros(n, np.float32),
    }


def made(**changed: Any) -> dict[str, Any]:
    return _synthetic_beats.rows(columns(), _synthetic_beats.layout(meta(**changed)))


def test_intervals_are_irregular_p_waves_are_gone_and_only_n_and_v_stay() -> None:
    rows = made()
    assert set(rows["label"]) == {"N", "V"}
    assert rows["rr_irregularity"].min() > 0.05
    assert 0.1 < np.std(np.log(rows["rr_before_of_record"])) < 0.35
    before = PEAK - round(0.25 * RATE_HZ), PEAK - round(0.08 * RATE_HZ)
    alone = rows["rr_before"] > 0.75  # the beat before is far away: nothing but f waves is left
    flat = rows["signal"][alone, 0, before[0] : before[1]].mean(axis=0)
    assert np.ptp(flat) < 0.05 < 0.2 * HEIGHTS[0]


def test_leads_stay_together_and_keep_their_heights() -> None:
    signal = made()["signal"]
    assert np.median(signal[:, 0].max(axis=1)) == pytest.approx(HEIGHTS[0], rel=0.15)
    assert np.median(signal[:, 1].min(axis=1)) == pytest.approx(-HEIGHTS[1], rel=0.15)
    # an interval is the distance to the next QRS complex, in both leads alike
    window = np.abs(signal[:, :2, PEAK + 20 :])
    near = made()["rr_after"] < 0.6
    next_lead = window[near].argmax(axis=2) + 20
    apart_s = np.median(np.abs(next_lead / RATE_HZ - made()["rr_after"][near, None]), axis=0)
    assert apart_s.max() < 0.01


@pytest.mark.parametrize("difference", ["none", "all", "late"])
@pytest.mark.parametrize("median", [True, False])
def test_channels_beside_are_those_of_the_cut(difference: str, median: bool) -> None:
    layout = _synthetic_beats.layout(meta(difference=difference, median_beat=median))
    signal = _synthetic_beats.rows(columns(), layout)["signal"]
    assert signal.shape[1:] == (2 + 2 * median + 2 * (difference != "none"), SAMPLES)
    whole = layout.channels(signal[:, :2].astype(float), np.full(len(signal), 0.8))
    assert whole.shape == signal.shape
    if difference != "none":
        usual = signal[:, :2] - signal[:, -2:]
        assert usual.std(axis=0).max() < 0.3 * signal[:, :2].std(axis=0).max()


def test_a_recording_gives_the_same_rows_whatever_others_there_are() -> None:
    layout = _synthetic_beats.layout(meta())
    two, one = (_synthetic_beats.rows(columns(n), layout)["signal"] for n in (2, 1))
    np.testing.assert_array_equal(two[: len(one)], one)
    assert not np.array_equal(two[: len(one)], two[len(one) :])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"name": "kachuee"}, "needs segments with cut 'beats', not 'kachuee'"),
        ({"scale": "minmax"}, "needs segments with scale 'none', not 'minmax'"),
        ({"neighbours": 1}, "needs segments with neighbours 0, not 1"),
    ],
)
def test_shards_that_were_cut_otherwise_are_refused(changed: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        classify.make(meta(**changed), fibrillation=0.5)


def test_too_few_beats_are_refused() -> None:
    with pytest.raises(ValueError, match="no training recording has 50 beats of N or V"):
        _synthetic_beats.rows(columns(beats=40), _synthetic_beats.layout(meta()))


FEATURES = ("rr_before_of_record", "rr_irregularity")


def batch(share: float, *, training: bool = True, seed: int = 0) -> Batch:
    task = classify.make(meta(), features=FEATURES, labels=("F", "N", "S", "V"), fibrillation=share)
    task.learn({name: columns()[name] for name in task.facts}, balanced=False)
    rows = task.encode({name: columns()[name] for name in task.columns})
    some = {name: column[:40] for name, column in rows.items()}
    generator = Generator().manual_seed(seed)
    return task.batch(some, torch.zeros(40, dtype=torch.int64), generator, training=training)


def test_made_up_beats_follow_those_of_a_training_batch() -> None:
    one, plain = batch(0.25), batch(0.0)
    assert [len(t) for t in (one.signal_BCT, one.feature_BF, one.target)] == [50, 50, 50]
    assert torch.equal(one.signal_BCT[:40], plain.signal_BCT)
    assert torch.equal(one.target[:40], plain.target)
    assert set(one.target[40:].tolist()) <= {1, 3}
    # the recordings' own beats are regular, and a feature without spread has SD 1
    assert (one.feature_BF[40:, 1] > 0.05).all()
    assert not one.feature_BF[:40, 1].any()


def test_what_is_drawn_follows_from_the_generator() -> None:
    same, other = batch(0.25), batch(0.25, seed=1)
    assert torch.equal(batch(0.25).signal_BCT, same.signal_BCT)
    assert not torch.equal(other.signal_BCT, same.signal_BCT)


def test_nothing_is_made_up_but_to_learn_from() -> None:
    assert len(batch(0.5, training=False).target) == 40
    assert classify.make(meta()).facts == ("label",)
