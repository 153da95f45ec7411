"""Each run lists what it does otherwise than the paper, of its own options."""

import sys
from functools import cache

import pytest
from overlays import merged, overlaid
from scripts import load

from cardiograft import plugins
from cardiograft.config import in_force
from cardiograft.config.checks import load_config
from cardiograft.config.differences import facts
from cardiograft.specs.split import Split
from cardiograft.specs.training import Training

BEATS = "transform_recognition"


@cache
def rows(name):
    config = load_config(merged()) if name == "demo" else overlaid(name)
    return config.spec("tabulate", BEATS).rows


def test_a_run_of_the_papers_recipe_differs_in_size_alone():
    for run in ("mlp-scratch", "mlp-pretext", "cnn-scratch", "cnn-pretext"):
        assert rows("open")[f"mitdb-{run}-recipe-paper"].differs == {}
    for run in ("lstm-scratch", "lstm-pretext", "mean_ensemble-pretext"):
        assert set(rows("open")[f"mitdb-{run}-recipe-paper"].differs) == {"size"}
    assert (
        "mixed precision bf16 (paper: none)"
        in (rows("open")["mitdb-lstm-scratch-recipe-paper"].differs["size"])
    )


def test_a_run_of_ours_lists_its_recipe_and_that_of_its_source():
    own = rows("open")["mitdb-cnn-pretext-paper"].differs
    assert own == {
        "recipe": (
            "optimiser adamw (paper: Adam)",
            "learning rate 0.003 (paper: 0.001)",
            "schedule cosine (paper: constant)",
            "weight decay 0.01 (paper: none)",
            "dropout of the CNN 0.2 (paper: none)",
            "pretraining: dropout of the CNN 0.2 (paper: none)",
        )
    }
    ensemble = rows("open")["mitdb-mean_ensemble-pretext-paper"].differs
    assert "mean of outputs (paper: probabilities)" in ensemble["recipe"]
    assert "before: optimiser adamw (paper: Adam)" in ensemble["recipe"]
    assert "epochs 4 (paper: 20)" in ensemble["size"]


def test_people_who_are_parted_are_other_data():
    for run in ("dechazal", "strict"):
        tested, parted, *_ = rows("open")[f"mitdb-cnn-scratch-{run}"].differs["data"]
        assert parted.startswith("split by dechazal")
        assert parted.endswith("(paper: segment)")
        assert tested == "test share that of DS2 (paper: 0.1)"


def test_an_option_that_another_one_overrides_is_no_difference():
    """What is in force in its place is: nothing was trained at the default rate."""
    own = overlaid("open").spec("tabulate", "rhythm_cae").rows
    rates = "learning rate one of 0.001, 0.004, by validation (paper: 0.005)"
    assert rates in own["rhythm-cae-100"].differs["recipe"]
    printed = [line for row in own.values() for lines in row.differs.values() for line in lines]
    assert "learning rate 0.001 (paper: 0.005)" not in printed
    assert "learning rate 0.004 (paper: 0.005)" in own["rhythm-cae-pooled-100"].differs["recipe"]
    pretext = rows("open")["mitdb-cnn-pretext-strict"].differs["data"]
    assert "pretraining: test share that of DS2 (paper: 0.2)" in pretext
    assert not [line for line in pretext if "test share 0" in line]


def trained(**options):
    return in_force.of_training(Training(epochs=1, **options))


def test_what_is_in_force_of_a_training():
    tried = {"keep": "best_validation", "learning_rates": [0.0005, 0.02]}
    assert trained(**tried)["learning_rate"] == "one of 0.0005, 0.02, by validation"
    assert trained(**tried | {"learning_rates": [0.005]})["learning_rate"] == 0.005
    assert trained() == {"momentum": None, "monitor": None}
    assert trained(optimiser="sgd", patience=2) == {}
    assert trained(optimiser="sgd", keep="best_validation") == {}


@pytest.mark.parametrize(
    ("options", "instead"),
    [
        ({"scheme": "subject"}, {}),
        ({"scheme": "time"}, {}),
        ({"scheme": "subject", "folds": 5, "fold": 1}, {"test": 0.2}),
        (
            {"scheme": "subject", "folds": 4, "fold": 1, "validate_next_fold": True},
            {"test": 0.25, "validation": 0.25},
        ),
        ({"scheme": "dechazal"}, {"test": "that of DS2"}),
        ({"scheme": "dechazal_strict", "folds": 4, "fold": 0}, {"test": "one of 4 folds of DS1"}),
        ({"scheme": "named", "test_subjects": ["a/*"]}, {"test": "that of the people named"}),
        ({"scheme": "fixed"}, {"test": "that of the data set’s own parts"}),
    ],
)
def test_what_is_in_force_of_a_split(options, instead):
    split = Split(segments=["s"], protocol="paper", **options)
    assert in_force.of_split(split) == instead
    assert set(in_force.of_split(split)) <= set(Split.model_fields)


def test_all_of_the_size_paper_has_the_papers_recipe():
    tables = [
        name
        for name, row in rows("paper").items()
        if row.tags["init"] in ("scratch", "pretext") and name.startswith("mitdb-")
        if "-paper" in name or "-recipe" in name
    ]
    assert len(tables) == 7
    assert [name for name in tables if rows("paper")[name].differs] == []


def test_the_demo_is_the_papers_recipe_in_small():
    assert rows("demo")["mitdb-cnn-scratch-paper"].differs == {"size": ("epochs 3 (paper: 20)",)}
    records = rows("demo")["ptb-cnn-scratch-paper"].differs["size"]
    assert "records 24 of them (paper: all)" in records


def test_a_baseline_and_a_study_without_a_paper_differ_in_nothing():
    assert rows("open")["mitdb-majority-strict"].differs == {}
    assert "PAPER" not in plugins.constants("studies", "own_recordings")


def test_an_ecg_of_scg_by_our_scaling_is_of_another_recipe():
    own = overlaid("open").spec("tabulate", "scg_to_ecg").rows
    assert own["scg-cae-paper-random"].differs == {
        "recordings": ("databases scg_vhd (paper: cebsdb)",),
        "size": ("widths of cae 16, 32, 48, 64 (paper: 19,403,520 parameters)",),
    }
    assert set(own["scg-cae-paper"].differs) == {"recordings", "data", "size"}
    pruned = own["scg-cae-cae-magnitude-random"].differs["size"]
    assert "pruning: steps of pruning 100 (paper: 1,000)" in pruned
    thousand = own["scg-cae-cae-paper-random"].differs["size"]
    assert not [line for line in thousand if "steps of pruning" in line]
    for run in ("scg-cae-z-random", "scg-unet-xyz-random"):
        assert "scaled none (paper: to −1…1)" in own[run].differs["recipe"]


def test_a_rate_that_validation_chooses_is_told_as_such():
    lines = overlaid("open").spec("tabulate", "rhythm_cae").rows["rhythm-cae-100"].differs["recipe"]
    rates = [line for line in lines if line.startswith("learning rate ")]
    assert rates == ["learning rate one of 0.001, 0.004, by validation (paper: 0.005)"]


def test_what_stands_in_for_private_recordings_is_listed():
    own = overlaid("open").spec("tabulate", "ecg_quality").rows["quality-scratch"].differs
    assert own["recordings"] == (
        "databases challenge_2011, challenge_2017, mitdb (paper: a private vest’s and"
        " challenge-2017’s)",
    )
    assert "segments a class, an epoch 3000 (paper: all, 10000)" in own["size"]


def test_the_papers_size_differs_by_neither_steps_nor_widths():
    own = overlaid("paper").spec("tabulate", "scg_to_ecg").rows
    assert own["scg-cae-cae-magnitude-random"].differs.get("size") is None


@pytest.mark.parametrize(
    "study", ["transform_recognition", "scg_to_ecg", "rhythm_cae", "ecg_quality"]
)
def test_every_option_that_the_paper_tells_is_one(study):
    config = overlaid("open")
    known = set()
    for stage in ("pretrain", "prune", "transfer"):
        for run in getattr(config, stage).values():
            own = {key for key, _ in facts(config, run)}
            known |= own | {f"{stage}.{key}" for key in own}
    paper = plugins.constants("studies", study)["PAPER"]
    assert {"size"} < set(paper)
    assert {key for kind in paper.values() for key in kind} - known == set()


def test_a_studys_rows_may_come_by_standard_input(monkeypatch: pytest.MonkeyPatch, tmp_path):
    spec = overlaid("open").spec("tabulate", BEATS)
    text = spec.canonical()
    file = tmp_path / "spec.json"
    file.write_text(text)
    script = load("tabulate")
    with file.open() as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        assert script.spec_of("-") == spec
    assert script.spec_of(text) == spec
