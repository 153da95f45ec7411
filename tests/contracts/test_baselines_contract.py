"""What every baseline promises, whichever it is."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scripts import load

from cardiograft import plugins
from cardiograft.evaluation import baseline_inputs, predictions, scoring
from cardiograft.files import write_json
from cardiograft.segments import shards
from cardiograft.specs.predict import BaselinePredict
from cardiograft.specs.score import Score

NAMES = plugins.names("baselines")
TARGETS = {n: plugins.constants("baselines", n).get("TARGET", "target") for n in NAMES}
KINDS = {name: plugins.constants("baselines", name).get("KIND", "classes") for name in NAMES}
CLASSES = [name for name in NAMES if KINDS[name] == "classes"]
SIGNALS = [name for name in NAMES if KINDS[name] == "signal"]
script = load("baseline")
BEATS, SAMPLES, WINDOW = 120, 60, 1000
FULL = {"peaks": "target", "shape": "own"}
T = np.arange(SAMPLES)


def beats(subject: int) -> shards.ShardRows:
    """Return a recording with early beats (S) and wide ones (V), at its own pace and shape."""
    generator = np.random.default_rng(subject)
    label_N = generator.choice(["N", "S", "V"], size=BEATS, p=[0.8, 0.1, 0.1])
    label_N[:3] = ["N", "S", "V"]
    pace = generator.uniform(0.6, 1.1)
    before_N = pace * np.where(label_N == "N", 1.0, 0.7) * generator.normal(1, 0.03, BEATS)
    width_N = np.where(label_N == "V", 9.0, 3.0) * generator.uniform(0.8, 1.2)
    signal_NT = np.exp(-(((T - 20) / width_N[:, None]) ** 2))
    signal_NT += 0.05 * generator.normal(size=signal_NT.shape)
    return shards.ShardRows(
        dataset="made",
        record=f"r{subject}",
        subject=f"r{subject}",
        lead="MLII",
        start_N=np.arange(BEATS) * 300,
        valid_N=np.full(BEATS, SAMPLES, np.int32),
        shape_hash_N=generator.integers(0, 2**63, size=BEATS).astype(np.uint64),
        label_N=label_N.astype(object),
        signal_NCT=signal_NT[:, None].astype(np.float32),
        features={
            "rr_before": np.r_[np.nan, before_N[1:]].astype(np.float32),
            "rr_after": np.r_[before_N[1:], np.nan].astype(np.float32),
        },
    )


@pytest.fixture(scope="module")
def segments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("segments")
    meta = shards.Meta(
        spec={},
        manifest_digest="0",
        simulated=True,
        rate_hz=125.0,
        channels=("MLII",),
        samples=SAMPLES,
        units=("mV",),
        features=("rr_before", "rr_after"),
    )
    with shards.Writer(folder, meta, parts=3) as writer:
        for subject in range(10):
            writer.write(beats(subject))
    rates = {f"made/r{subject}": 125.0 for subject in range(10)}
    write_json(folder / "summary.json", {"source_rate_hz": rates})
    return folder


@pytest.fixture(scope="module")
def paired(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return shards whose signal rings 0.1 s after each spike of the target."""
    folder = tmp_path_factory.mktemp("paired")
    meta = shards.Meta(
        spec={},
        manifest_digest="0",
        simulated=True,
        rate_hz=125.0,
        channels=("SCG y", "SCG z"),
        samples=WINDOW,
        units=("m/s^2",) * 2,
        target_channels=("II",),
        target_samples=WINDOW,
        target_units=("mV",),
    )
    with shards.Writer(folder, meta, parts=3) as writer:
        for subject in range(10):
            writer.write(windows(subject))
    split_of(folder)
    return folder


def windows(subject: int) -> shards.ShardRows:
    """Return five windows of a pair of recordings, with some noise."""
    generator = np.random.default_rng(subject)
    signal_NCT = 0.01 * generator.normal(size=(5, 2, WINDOW))
    target_NCT = 0.01 * generator.normal(size=(5, 1, WINDOW))
    ring = np.exp(-np.arange(30) / 4) * np.sin(np.arange(30) * 1.2)
    spike = np.exp(-((np.arange(-10, 11) / 2.5) ** 2))
    for n, pace in enumerate(generator.integers(85, 120, 5)):
        for beat in range(20, WINDOW - 45, pace):
            target_NCT[n, 0, beat - 10 : beat + 11] += spike
            signal_NCT[n, :, beat + 12 : beat + 42] += ring
    return shards.ShardRows(
        dataset="made",
        record=f"r{subject}",
        subject=f"r{subject}",
        lead="y+z",
        start_N=np.arange(5) * WINDOW,
        valid_N=np.full(5, WINDOW, np.int32),
        shape_hash_N=generator.integers(0, 2**63, size=5).astype(np.uint64),
        label_N=np.full(5, None, dtype=object),
        signal_NCT=signal_NCT.astype(np.float32),
        target_NCT=target_NCT.astype(np.float32),
    )


@pytest.fixture(scope="module")
def split(segments: Path) -> Path:
    return split_of(segments)


def split_of(segments: Path) -> Path:
    table = shards.table([segments], ["id", "subject"])
    part = ["train" if int(s[6:]) < 6 else "test" for s in table["subject"].to_pylist()]
    whole = table.append_column("part", pa.array(part))
    about = {b"cardiograft": json.dumps({"spec": {"protocol": "honest"}})}
    path = segments / "split.parquet"
    pq.write_table(whole.replace_schema_metadata(about), path)
    return path


def predicted(name: str, segments: Path, split: Path, out: Path, **options: object) -> Path:
    spec = BaselinePredict.model_validate(
        {"split": "made", "baseline": {"name": name, **options}, "parts": ["test"]}
    )
    script.baseline(spec, [segments], split, 0, out)
    return out


@pytest.mark.parametrize("name", CLASSES)
def test_gives_probabilities_of_every_row_asked_for(
    name: str, segments: Path, split: Path, tmp_path: Path
) -> None:
    saved = predictions.read(predicted(name, segments, split, tmp_path / "0.parquet"))
    assert saved.kind == "classes"
    assert saved.labels == ("N", "S", "V")
    assert saved.score_NK.shape == (4 * BEATS, 3)
    assert set(saved.part_N) == {"test"}
    assert sorted(saved.id_N) == saved.id_N.tolist()
    np.testing.assert_allclose(saved.score_NK.sum(axis=1), 1, atol=1e-5)
    assert saved.about["simulated"] is True


@pytest.mark.parametrize("name", NAMES)
def test_same_seed_same_bytes(
    name: str, segments: Path, split: Path, paired: Path, tmp_path: Path
) -> None:
    if KINDS[name] == "signal":
        segments, split = paired, paired / "split.parquet"
    one, two = (predicted(name, segments, split, tmp_path / f"{k}.parquet") for k in "ab")
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize("name", CLASSES)
def test_never_sees_a_label_outside_the_training_part(
    name: str, segments: Path, split: Path
) -> None:
    module = plugins.load("baselines", name)
    given, truth = baseline_inputs.read([segments], split, columns=module.COLUMNS, parts=["test"])
    assert (given.target_N[given.part_N != "train"] == baseline_inputs.HIDDEN).all()
    assert (truth >= 0).all()
    assert "label" not in given.columns


@pytest.mark.parametrize("name", NAMES)
def test_has_a_source_and_typed_options(name: str) -> None:
    assert plugins.load("baselines", name).__doc__
    assert plugins.options("baselines", name)()


def scored(saved: Path, metric: str) -> dict[str, float]:
    metrics = Score.model_validate({"metrics": [metric]}).metrics
    table = scoring.score(predictions.read(saved), metrics)
    return dict(zip(table["class"], table["value"], strict=True))


def test_majority_is_the_share_of_the_largest_class(
    segments: Path, split: Path, tmp_path: Path
) -> None:
    file = predicted("majority", segments, split, tmp_path / "0.parquet")
    saved = predictions.read(file)
    assert scored(file, "accuracy")[""] == pytest.approx((saved.target == 0).mean())
    assert scored(file, "sensitivity") == {"N": 1.0, "S": 0.0, "V": 0.0}


def test_boosting_tells_early_beats_and_wide_ones(
    segments: Path, split: Path, tmp_path: Path
) -> None:
    file = predicted("rr_boosting", segments, split, tmp_path / "0.parquet", iterations=40)
    sensitivity = scored(file, "sensitivity")
    assert min(sensitivity.values()) > 0.8


def test_boosting_is_relative_to_the_recording(segments: Path, split: Path) -> None:
    module = plugins.load("baselines", "rr_boosting")
    given, _ = baseline_inputs.read([segments], split, columns=module.COLUMNS, parts=["test"])
    slower = {k: v * 2 if k.startswith("rr_") else v for k, v in given.columns.items()}
    fields = {**given.__dict__, "columns": slower}
    plain_NF = module.features(given, samples=8, context=5)
    slow_NF = module.features(baseline_inputs.Examples(**fields), samples=8, context=5)
    np.testing.assert_allclose(plain_NF, slow_NF, rtol=1e-5)
    assert np.isnan(plain_NF[given.columns["start"] == 0, 0]).all()


def test_boosting_needs_its_columns(segments: Path, split: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no column 'rr_between' in the shards"):
        baseline_inputs.read([segments], split, columns=("rr_between",), parts=["test"])


def test_a_class_unseen_in_training_is_named(segments: Path, split: Path, tmp_path: Path) -> None:
    table = pq.read_table(split)
    labels = shards.arrays([segments], table["id"].to_pylist(), ["label"])["label"]
    part = [
        "out" if label == "V" and p == "train" else p
        for label, p in zip(labels, table["part"].to_pylist(), strict=True)
    ]
    changed = table.set_column(table.schema.get_field_index("part"), "part", pa.array(part))
    pq.write_table(changed, tmp_path / "split.parquet")
    with pytest.raises(ValueError, match="label 'V' not in N, S"):
        predicted("majority", segments, tmp_path / "split.parquet", tmp_path / "0.parquet")


def test_median_beat_is_by_recording_and_ignores_the_order_of_rows() -> None:
    module = plugins.load("baselines", "rr_boosting")
    name = np.array(["b", "a", "b", "a"])
    columns = {"dataset": np.full(4, "d"), "record": name, "start": np.array([3, 2, 1, 4])}
    assert [r.tolist() for r in module.recordings(columns)] == [[1, 3], [2, 0]]


@pytest.mark.parametrize("name", SIGNALS)
def test_says_signals_of_every_row_asked_for(name: str, paired: Path, tmp_path: Path) -> None:
    saved = predictions.read(
        predicted(name, paired, paired / "split.parquet", tmp_path / "0.parquet")
    )
    labels = ("II",) if TARGETS[name] == "target" else ("SCG y", "SCG z")
    assert (saved.kind, saved.labels) == ("signal", labels)
    assert saved.score_NK.shape == saved.target.shape == (4 * 5, len(labels) * WINDOW)
    assert saved.score_NK.dtype == saved.target.dtype == np.float32
    column = TARGETS[name]
    truth = shards.arrays([paired], saved.id_N.tolist(), [column])[column]
    assert (saved.target == truth.reshape(len(truth), -1)).all()
    assert np.isfinite(saved.score_NK).all()
    assert set(saved.part_N) == {"test"}
    assert (saved.about["oracle"], saved.about["rate_hz"]) == ([], 125.0)


@pytest.mark.parametrize("name", SIGNALS)
def test_is_told_true_signals_of_the_training_part_unless_an_oracle(
    name: str, paired: Path
) -> None:
    module = plugins.load("baselines", name)
    options = {"columns": module.COLUMNS, "parts": ["test"], "target": TARGETS[name]}
    for oracle in (False, True):
        given, truth = baseline_inputs.read_signals(
            [paired], paired / "split.parquet", oracle=oracle, **options
        )
        known = np.isfinite(given.target_NCT).all(axis=(1, 2))
        assert (known == ((given.part_N == "train") | oracle)).all()
        assert np.isfinite(truth).all()
        assert set(given.part_N) == {"train", "test"}
        assert "target" not in given.columns


@pytest.mark.parametrize("name", SIGNALS)
def test_an_oracle_says_so_and_none_is_one_by_default(name: str) -> None:
    oracles = plugins.constants("baselines", name).get("ORACLES", {})
    usual = plugins.options("baselines", name)().model_dump()
    for option, value in oracles.items():
        assert usual[option] != value
        assert plugins.options("baselines", name).model_validate({option: value})


@pytest.mark.parametrize(("options", "oracle"), [({}, []), (FULL, ["peaks", "shape"])])
def test_mean_beats_are_where_beats_are(
    options: dict[str, str], oracle: list[str], paired: Path, tmp_path: Path
) -> None:
    file = predicted(
        "mean_beat", paired, paired / "split.parquet", tmp_path / "0.parquet", **options
    )
    assert predictions.read(file).about["oracle"] == oracle
    assert scored(file, "pearson")[""] > 0.9
    assert scored(file, "peak_sensitivity")[""] > 0.99
    flat = predicted("mean_signal", paired, paired / "split.parquet", tmp_path / "1.parquet")
    assert scored(flat, "pearson")[""] < 0.5


def test_of_shards_without_a_target_the_input_is_predicted(
    segments: Path, split: Path, tmp_path: Path
) -> None:
    saved = predictions.read(predicted("mean_signal", segments, split, tmp_path / "0.parquet"))
    given = shards.arrays([segments], saved.id_N.tolist(), ["signal"])["signal"]
    assert saved.labels == ("MLII",)
    assert (saved.target == given[:, 0]).all()
    assert np.ptp(saved.score_NK, axis=0).max() == 0


def test_a_target_that_is_asked_for_must_be_there(segments: Path, split: Path) -> None:
    with pytest.raises(ValueError, match="the shards have no target channels"):
        baseline_inputs.read_signals(
            [segments], split, columns=(), parts=["test"], oracle=False, target="target"
        )


def test_where_a_segment_begins_is_counted_at_the_segments_rate(
    segments: Path, split: Path
) -> None:
    options = {"columns": ("at", "start"), "parts": ["test"]}
    given, _ = baseline_inputs.read([segments], split, **options)
    assert (given.columns["at"] == given.columns["start"]).all()
    rates = {f"made/r{subject}": 250.0 for subject in range(10)}
    plain = (segments / "summary.json").read_bytes()
    write_json(segments / "summary.json", {"source_rate_hz": rates})
    given, _ = baseline_inputs.read([segments], split, **options)
    (segments / "summary.json").write_bytes(plain)
    assert (given.columns["at"] * 2 == given.columns["start"]).all()


def test_a_crop_is_all_that_is_read_and_predicted(paired: Path, tmp_path: Path) -> None:
    split, out = paired / "split.parquet", tmp_path / "0.parquet"
    content = {"split": "made", "baseline": "mean_signal", "crop_s": 4.0, "scaling": "zscore"}
    script.baseline(BaselinePredict.model_validate(content), [paired], split, 0, out)
    saved = predictions.read(out)
    assert saved.target.shape == saved.score_NK.shape == (20, 500)
    truth = shards.arrays([paired], saved.id_N.tolist(), ["target"])["target"][:, 0, 250:750]
    truth = (truth - truth.mean(axis=1, keepdims=True)) / truth.std(axis=1, keepdims=True)
    np.testing.assert_allclose(saved.target, truth, atol=1e-5)
    long = BaselinePredict.model_validate({**content, "crop_s": 9.0})
    with pytest.raises(ValueError, match=r"crop_s 9: 1125 samples at 125 Hz, the segments have 10"):
        script.baseline(long, [paired], split, 0, out)
