"""What docs/config.md shows of config is config."""

import re

import yaml
from overlays import ROOT, merged

from cardiograft.config.checks import load_config

SNIPPET = re.compile(r"```yaml\n(.*?)```", re.DOTALL)
SHOWN = SNIPPET.findall((ROOT / "docs/config.md").read_text("utf-8"))
ENTRY, VARIANTS, FOLDS, PEOPLE, STARTS, OUTSIDE, PICTURES, ON_TOP, ELSE = range(9)
NOISE, GATE, THRESHOLD, RECORDS, CODES = range(9, 14)
RHYTHMS = {"segments": ["scg-xyz"], "scheme": "subject", "protocol": "honest"}


def shown(number, **more):
    """Return a config with an example of the page laid over the demo's."""
    return load_config(merged(yaml.safe_load(SHOWN[number]), more))


def test_every_example_is_looked_at_here():
    assert len(SHOWN) == 14


def test_an_entry():
    config = shown(ENTRY)
    assert config.transfer["small"].model.options["dropout"] == 0.2
    assert config.evaluations["small"].split == "mitdb-strict"


def test_variants():
    config = shown(VARIANTS)
    names = [name for name in config.transfer if name.startswith("wide-")]
    assert names == [f"wide-{i}-{e}" for e in (2, 4) for i in ("scratch", "pretext", "frozen")]
    assert config.transfer["wide-frozen-4"].training.epochs == 4
    assert config.transfer["wide-frozen-4"].frozen == ("encoder",)
    assert config.tags("wide-frozen-4")["epochs"] == "4"


def test_splits_and_folds():
    config = shown(FOLDS, tables={"scg_to_ecg": {"evaluations": ["who-*", "scg-*"]}})
    runs = config.runs("scg_to_ecg")
    assert runs["who"] == ("who-a", "who-b", "who-c", "who-d")
    assert runs["who-random"] == ("who-random",)
    epochs = {name: config.transfer[name].training.epochs for name in ("who-random", "who-a")}
    assert epochs == {"who-random": 3, "who-a": 2}
    assert config.transfer["who-a"].training.optimiser == "adamw"
    assert config.splits["people-d"].fold == 3


def test_people_under_several_names():
    mine = {**merged()["segments"]["mitdb-beats"]}
    config = shown(PEOPLE, segments={"mine": mine})
    both = ("mitdb/118", "mine/p07"), ("mine/p*", "again/patient*")
    assert config.spec("split", "pooled").people == both
    assert config.spec("split", "mitdb-strict").people == both[1:]
    assert config.spec("split", "mitdb-strict") == config.splits["mitdb-strict"].model_copy(
        update={"people": both[1:]}
    )


def test_noise_on_clean_recordings():
    mixtures = shown(NOISE).segments["mixtures"]
    assert (mixtures.noise.database, mixtures.noise.dataset) == ("nstdb", "nstdb")
    assert mixtures.noise.shares["em"] == 3
    assert mixtures.noise.stretch_s == mixtures.cut.options["window_s"]
    assert mixtures.label.options["harmless"] == ["bw"]


def test_a_quality_gate():
    config = shown(GATE, studies=["transform_recognition", "ecg_quality"])
    assert config.cut_by("usable") == config.segments["mitdb-beats"]
    assert config.quality_gates["usable"].network == "quality-scratch/0"
    assert config.splits["of-usable"].segments == ("usable",)


def test_a_threshold_that_validation_chooses():
    mixed = {**RHYTHMS, "segments": ["mitdb-beats"], "validation": 0.2}
    evaluation = shown(THRESHOLD, splits={"mixed": mixed}).evaluations["indices"]
    assert [metric.at for metric in evaluation.metrics] == ["half", "half", "validation"]


def test_recordings_in_place_of_segments():
    config = shown(RECORDS, splits={"rhythms": RHYTHMS})
    assert config.evaluations["rhythm-boosting"].per == "record"
    assert config.tags("rhythm-boosting") == {"model": "rhythm_boosting", "per": "record"}


def test_codes_without_a_network():
    config = shown(CODES, splits={"rhythms": RHYTHMS})
    spec_of = {code: config.spec("baseline", f"rhythm-{code}") for code in ("pca", "dct", "mean")}
    assert spec_of["pca"].baseline.options == {"components": 60}
    assert spec_of["dct"].baseline.options == {"coefficients": 60, "kept": "lowest"}
    assert {(one.crop_s, one.scaling) for one in spec_of.values()} == {(8.192, "zscore")}


def test_crops_and_a_rate_for_each_start():
    config = shown(
        STARTS, tables={"transform_recognition": {"evaluations": ["mitdb-*", "rhythm-*"]}}
    )
    starts = ("random", "cae", "cae-frozen", "random-frozen", "phases")
    own = {init: config.transfer[f"rhythm-{init}"] for init in starts}
    sources = {init: [source.entry for source in one.sources] for init, one in own.items()}
    assert sources == {
        "random": [],
        "cae": ["rhythms-whole"],
        "cae-frozen": ["rhythms-whole"],
        "random-frozen": [],
        "phases": ["rhythms-phases"],
    }
    frozen = [init for init, one in own.items() if one.frozen == ("encoder",)]
    assert frozen == ["cae-frozen", "random-frozen"]
    assert {one.training.learning_rates for one in own.values()} == {(0.001, 0.005)}
    tasks = [config.pretrain[f"rhythms-{name}"].task.options for name in ("whole", "phases")]
    assert [task["shuffle_phase"] for task in tasks] == [False, True]
    assert {task["crop_s"] for task in tasks} == {8.192}


def test_weights_from_outside():
    config = shown(OUTSIDE)
    (name,) = config.outside
    assert config.transfer["codec"].frozen == ("encoder",)
    assert config.outside[name].package == "openecg"


def test_pictures_of_signals():
    config = shown(PICTURES)
    assert config.pretrain["shapes"].view.name == "scalogram"


def test_a_file_on_top():
    config = shown(ON_TOP)
    assert not [name for name in config.transfer if name.startswith("scg-cae-paper")]
    trained = [config.transfer[f"scg-cae-{init}-A"].training for init in ("scratch", "longer")]
    assert [t.epochs for t in trained] == [9, 18]
    assert {t.learning_rate for t in trained} == {0.001}


def test_what_else_an_entry_can_ask():
    config = shown(ELSE, tables={"scg_to_ecg": {"evaluations": ["scg-*", "known-*"]}})
    assert config.runs("scg_to_ecg")["known"] == ("known-0", "known-1")
    assert config.splits["known-0"].protocol == "personal"
    assert config.transfer["adapted"].adaptation.domain == "scg-xyz-domain-UP-a"
    assert config.evaluations["adapted-source"].parts == ("train",)
    assert config.exports == ("narrowed",)
    assert config.spec("export", "narrowed-int8").network.model == config.prune["narrowed"].result
    narrow, wide = config.prune["narrowed"].result, config.prune["narrowed"].model
    assert sum(narrow.options["widths"]) < sum(wide.options["widths"])


def test_a_dose_as_documented():
    config = shown(ELSE, tables={"scg_to_ecg": {"evaluations": ["scg-*", "known-*"]}})
    dose = config.splits["dosed"].dose
    assert (dose.own, dose.size) == (25, 500)
