"""What docs/config.md shows of config is config."""

import re

import yaml
from overlays import ROOT, merged

from cardiograft.config.checks import load_config

SNIPPET = re.compile(r"```yaml\n(.*?)```", re.DOTALL)
SHOWN = SNIPPET.findall((ROOT / "docs/config.md").read_text("utf-8"))
ENTRY, VARIANTS, FOLDS, PEOPLE, ON_TOP, ELSE = range(6)


def shown(number, **more):
    """Return a config with an example of the page laid over the demo's."""
    return load_config(merged(yaml.safe_load(SHOWN[number]), more))


def test_every_example_is_looked_at_here():
    assert len(SHOWN) == 6


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
    assert found.transfer["adapted"].adaptation.domain == "scg-xyz-domain"
    assert found.evaluations["adapted-source"].parts == ("train",)
    assert found.exports == ("narrowed",)
    narrow, wide = found.prune["narrowed"].result, found.prune["narrowed"].model
    assert sum(narrow.options["widths"]) < sum(wide.options["widths"])


def test_a_dose_as_documented():
    found = shown(ELSE, tables={"scg_to_ecg": {"evaluations": ["scg-*", "known-*"]}})
    dose = found.splits["dosed"].dose
    assert (dose.own, dose.size) == (25, 500)
