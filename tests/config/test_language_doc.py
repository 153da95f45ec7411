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
    found = shown(ENTRY)
    assert found.transfer["small"].model.options["dropout"] == 0.2
    assert found.evaluations["small"].split == "mitdb-strict"


def test_variants():
    found = shown(VARIANTS)
    names = [name for name in found.transfer if name.startswith("wide-")]
    assert names == [f"wide-{i}-{e}" for e in (2, 4) for i in ("scratch", "pretext", "frozen")]
    assert found.transfer["wide-frozen-4"].training.epochs == 4
    assert found.transfer["wide-frozen-4"].frozen == ("encoder",)
    assert found.tags("wide-frozen-4")["epochs"] == "4"


def test_splits_and_folds():
    found = shown(FOLDS, tables={"scg_to_ecg": {"evaluations": ["who-*", "scg-*"]}})
    runs = found.runs("scg_to_ecg")
    assert runs["who"] == ("who-a", "who-b", "who-c", "who-d")
    assert runs["who-random"] == ("who-random",)
    epochs = {name: found.transfer[name].training.epochs for name in ("who-random", "who-a")}
    assert epochs == {"who-random": 3, "who-a": 2}
    assert found.transfer["who-a"].training.optimiser == "adamw"
    assert found.splits["people-d"].fold == 3


def test_people_under_several_names():
    mine = {**merged()["segments"]["mitdb-beats"]}
    found = shown(PEOPLE, segments={"mine": mine})
    both = ("mitdb/118", "mine/p07"), ("mine/p*", "again/patient*")
    assert found.spec("split", "pooled").people == both
    assert found.spec("split", "mitdb-strict").people == both[1:]
    assert found.spec("split", "mitdb-strict") == found.splits["mitdb-strict"].model_copy(
        update={"people": both[1:]}
    )


def test_noise_on_clean_recordings():
    found = shown(NOISE).segments["mixtures"]
    assert (found.noise.database, found.noise.dataset) == ("nstdb", "nstdb")
    assert found.noise.shares["em"] == 3
    assert found.noise.stretch_s == found.cut.options["window_s"]
    assert found.label.options["harmless"] == ["bw"]


def test_a_quality_gate():
    found = shown(GATE, studies=["transform_recognition", "ecg_quality"])
    assert found.cut_by("usable") == found.segments["mitdb-beats"]
    assert found.quality_gates["usable"].network == "quality-scratch/0"
    assert found.splits["of-usable"].segments == ("usable",)


def test_a_threshold_that_validation_chooses():
    mixed = {**RHYTHMS, "segments": ["mitdb-beats"], "validation": 0.2}
    found = shown(THRESHOLD, splits={"mixed": mixed}).evaluations["indices"]
    assert [metric.at for metric in found.metrics] == ["half", "half", "validation"]


def test_recordings_in_place_of_segments():
    found = shown(RECORDS, splits={"rhythms": RHYTHMS})
    assert found.evaluations["rhythm-boosting"].per == "record"
    assert found.tags("rhythm-boosting") == {"model": "rhythm_boosting", "per": "record"}


def test_codes_without_a_network():
    found = shown(CODES, splits={"rhythms": RHYTHMS})
    asked = {code: found.spec("baseline", f"rhythm-{code}") for code in ("pca", "dct", "mean")}
    assert asked["pca"].baseline.options == {"components": 60}
    assert asked["dct"].baseline.options == {"coefficients": 60, "kept": "lowest"}
    assert {(one.crop_s, one.scaling) for one in asked.values()} == {(8.192, "zscore")}


def test_crops_and_a_rate_for_each_start():
    found = shown(
        STARTS, tables={"transform_recognition": {"evaluations": ["mitdb-*", "rhythm-*"]}}
    )
    starts = ("random", "cae", "cae-frozen", "random-frozen", "phases")
    own = {init: found.transfer[f"rhythm-{init}"] for init in starts}
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
    tasks = [found.pretrain[f"rhythms-{name}"].task.options for name in ("whole", "phases")]
    assert [task["shuffle_phase"] for task in tasks] == [False, True]
    assert {task["crop_s"] for task in tasks} == {8.192}


def test_weights_from_outside():
    found = shown(OUTSIDE)
    (name,) = found.outside
    assert found.transfer["codec"].frozen == ("encoder",)
    assert found.outside[name].package == "openecg"


def test_pictures_of_signals():
    found = shown(PICTURES)
    assert found.pretrain["shapes"].view.name == "scalogram"


def test_a_file_on_top():
    found = shown(ON_TOP)
    assert not [name for name in found.transfer if name.startswith("scg-cae-paper")]
    trained = [found.transfer[f"scg-cae-{init}-A"].training for init in ("scratch", "longer")]
    assert [t.epochs for t in trained] == [9, 18]
    assert {t.learning_rate for t in trained} == {0.001}


def test_what_else_an_entry_can_ask():
    found = shown(ELSE, tables={"scg_to_ecg": {"evaluations": ["scg-*", "known-*"]}})
    assert found.runs("scg_to_ecg")["known"] == ("known-0", "known-1")
    assert found.splits["known-0"].protocol == "personal"
    assert found.transfer["adapted"].adaptation.domain == "scg-xyz-domain-UP-a"
    assert found.evaluations["adapted-source"].parts == ("train",)
    assert found.exports == ("narrowed",)
    assert found.spec("export", "narrowed-int8").network.model == found.prune["narrowed"].result
    narrow, wide = found.prune["narrowed"].result, found.prune["narrowed"].model
    assert sum(narrow.options["widths"]) < sum(wide.options["widths"])


def test_a_dose_as_documented():
    found = shown(ELSE, tables={"scg_to_ecg": {"evaluations": ["scg-*", "known-*"]}})
    dose = found.splits["dosed"].dose
    assert (dose.own, dose.size) == (25, 500)
