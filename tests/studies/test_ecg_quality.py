"""The study of signal quality: its data, and what its config asks for."""

import csv
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from overlays import merged

from cardiograft.config.checks import load_config
from cardiograft.config.plan import Plan
from cardiograft.records import Record
from cardiograft.segments.labels import challenge_2017
from cardiograft.studies import ecg_quality


def config(**more):
    return load_config(merged({"studies": ["ecg_quality"]}, more))


@pytest.mark.parametrize(
    ("version", "high", "low"), [("v0", 32_736, 157), ("v2", 32_087, 806), ("v3", 32_076, 817)]
)
def test_segments_by_version_of_the_labels(physionet, version, high, low):
    """Of the 5,135 recordings at hand; the paper has 47,439 and 1,168 (2.40 %) of all 8,528."""
    root = physionet / "challenge-2017" / "1.0.0"
    samples = {
        file.stem: int(file.read_text().split()[3]) for file in root.glob("training/*/*.hea")
    }
    if len(samples) != 5_135:
        pytest.skip(f"{len(samples)} recordings, the counts are of 5,135")
    pieces: Counter[str] = Counter()
    with (root / f"REFERENCE-{version}.csv").open() as file:
        for name, label in csv.reader(file):
            pieces[label] += samples.get(name, 0) // 1500  # 5 s of 300 Hz
    assert (pieces["N"] + pieces["A"] + pieces["O"], pieces["~"]) == (high, low)
    paper = 1_168 / 48_607
    assert (abs(low / (high + low) - paper) < 0.001) == (version != "v0")


def test_no_person_of_the_test_database_is_trained_on():
    loaded = config()
    for name in ("mixtures", "graded", "both"):
        split = loaded.splits[f"quality-{name}-all"]
        assert split.test_subjects == ("challenge_2017/*",)
        tested = [s for s in split.segments if loaded.segments[s].database == "challenge_2017"]
        assert tested == ["quality-2017-all"]
    trained = {loaded.segments[s].database for s in loaded.splits["quality-both-all"].segments}
    assert trained == {"mitdb", "challenge_2011", "challenge_2017"}


def test_noise_is_a_second_database_of_a_segment_job():
    plan = Plan(config())
    assert plan.noise_manifest("quality-mixtures") == ["results/manifests/nstdb.json"]
    assert plan.noise_manifest("quality-2017-all") == []
    assert {"nstdb", "mitdb"} <= set(plan.databases)
    assert "datasets/nstdb.py" in plan.code("segment", "quality-mixtures")
    assert "datasets/nstdb.py" not in plan.code("segment", "quality-2017-all")


def test_the_same_segments_are_tested_by_rhythm():
    loaded = config()
    for rhythm in "NAO":
        label = loaded.segments[f"quality-2017-{rhythm}"].label
        assert label.options == {"version": "v3", "classes": "quality", "rhythm": rhythm}


@pytest.mark.parametrize("true", "NAO~")
def test_recordings_of_other_rhythms_are_left_out(true):
    one = Record(
        dataset="challenge_2017",
        id="A00001",
        subject="A00001",
        signal_CT=np.zeros((1, 9), np.float32),
        rate_hz=Fraction(300),
        leads=("ECG",),
        units=("mV",),
        mains_hz=60,
        comments=(f"label v3: {true}",),
    )
    assert challenge_2017.label(one, classes="quality").whole == ("low" if true == "~" else "high")
    labels = challenge_2017.label(one, classes="quality", rhythm="A")
    assert (labels.whole, labels.unusable) == (
        ("high", None) if true == "A" else (None, "not of rhythm A")
    )


@pytest.mark.parametrize("size", ["demo", "open", "paper", "whole"])
def test_each_size_is_a_config(size):
    loaded = load_config(merged({"studies": ["ecg_quality"], "size": size}))
    assert loaded.studies["ecg_quality"].primary == "balanced_accuracy"


def test_printed_values_are_the_papers():
    """Balanced accuracy is the mean of the two sensitivities, as the paper's table has it."""
    for se, sp, _, balanced in ecg_quality.PRINTED.values():
        assert balanced == pytest.approx((se + sp) / 2, abs=0.0011)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"database": "nowhere"}, r"quality-mixtures.noise.database: no entry named 'nowhere'"),
        ({"shares": {"rain": 1}}, r"noise.shares: no noise or fault 'rain'.* Known: bw, clean"),
        ({"ratios_db": [9, 3]}, "9 is above 3"),
    ],
)
def test_odd_noise_is_refused_before_any_job(changed, message):
    with pytest.raises(ValueError, match=message):
        config(segments={"quality-mixtures": {"noise": changed}})


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"parts": ["test"]}, "at 'validation' needs 'validation' among its parts"),
        ({"split": "none"}, "needs a validation part, but the split 'none' has validation 0"),
    ],
)
def test_a_threshold_needs_a_validation_part(changed, message):
    none = {"preset": "quality-apart", "validation": 0, "segments": ["quality-2017-all"]}
    with pytest.raises(ValueError, match=message):
        config(
            splits={"none": {**none, "scheme": "subject", "test_subjects": [], "test": 0.5}},
            baselines={"quality-majority": {"evaluate": changed}},
        )
