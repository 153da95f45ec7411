"""Every run of the studies says how it was chosen; what can't be is refused before any job."""

import pytest
from overlays import content, merged, overlaid

from cardiograft.config.checks import load_config

SPLITS = ("paper", "strict")
FOREST, SCG = "mitdb-rhythm_forest-strict", "scg-cae-z-0"


@pytest.mark.parametrize("name", ["demo", "open", "paper"])
def test_every_run_that_is_tested_says_how_it_was_chosen(name):
    config = load_config(merged()) if name == "demo" else overlaid(name)
    silent = [
        run
        for study in config.studies.values()
        for run in study.evaluations
        if "test" in config.evaluations[run].parts and config.evaluations[run].chosen_on is None
    ]
    assert silent == []


def test_what_is_known_of_the_studies_choices_is_said():
    evaluations = overlaid("open").evaluations
    chosen_on = {name: evaluation.chosen_on for name, evaluation in evaluations.items()}
    assert chosen_on[SCG] == chosen_on["scg-unet-xyz-random"] == "test"
    assert chosen_on["scg-cae-paper-A"] == "untuned"
    assert (
        chosen_on["mitdb-cnn-scratch-paper"]
        == chosen_on["mitdb-cnn-scratch-strict"]
        == "validation"
    )
    assert chosen_on["mitdb-cnn-all"] == chosen_on[FOREST] == "cross-validation"
    assert evaluations[FOREST].looked_before.times == 5
    assert evaluations[SCG].looked_before.times is None
    assert chosen_on["ptb-cnn-scratch-subject"] == "elsewhere"


@pytest.mark.parametrize("name", ["demo", "open", "paper", "recipe"])
def test_pretext_heads_are_judged_by_balanced_accuracy(name):
    """Whatever study asks for heads: of eight, always no is right seven times."""
    config = load_config(merged()) if name == "demo" else overlaid(name)
    asked = {
        run: [metric.name for metric in config.evaluations[run].metrics]
        for study in config.studies.values()
        for run in study.evaluations
    }
    heads = {run: names for run, names in asked.items() if any("head_" in n for n in names)}
    assert heads
    assert {names[0] for names in heads.values()} == {"head_balanced_accuracy"}
    if name == "recipe":
        models = [f"{m}-{s}" for m in ("mlp", "cnn-recipe", "lstm-recipe") for s in SPLITS]
        assert sorted(heads) == sorted(f"pretext-{model}" for model in models)


@pytest.mark.parametrize(
    ("study", "question"), [("transform_recognition", "pretraining"), ("scg_to_ecg", "sources")]
)
def test_the_main_question_of_a_study_has_a_margin(study, question):
    for name in ("open", "paper"):
        spec = overlaid(name).spec("tabulate", study)
        assert spec.questions[question].margin
        assert question in {pair.question for pair in spec.comparisons}


def changed(**evaluation):
    return load_config(merged({"transfer": evaluation}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"chosen_in": "workflow/config/choices/cnnn.yaml"},
            r"evaluations\.mitdb-cnn-pruned-strict\.chosen_in: .*cnnn\.yaml': no such file",
        ),
        ({"chosen_in": "LICENSE"}, r"chosen_in: 'LICENSE' is no config file: "),
        ({"chosen_in": "CITATION.cff"}, r"'CITATION\.cff' is no config of a run: it has none of"),
        ({"chosen_in": "pyproject.toml"}, r"chosen_in: 'pyproject\.toml' is no config file: "),
        ({"chosen_on": "validaton"}, "chosen_on: 'validaton': .*'validation'"),
        ({"looked_before": {"times": 0, "why": "x"}}, r"looked_before\.times: 0"),
        ({"looked_before": {"times": 5}}, r"looked_before\.why"),
    ],
)
def test_what_is_not_a_choice_is_refused(change, message):
    with pytest.raises(ValueError, match=message) as error:
        changed(**{"mitdb-cnn-pruned-strict": {"evaluate": change}})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("how", ["untuned", "published"])
def test_a_rate_that_validation_picks_was_chosen(how):
    training = {"learning_rates": [0.001, 0.003], "keep": "best_validation", "monitor": "macro_f1"}
    change = {"training": training, "evaluate": {"chosen_on": how}}
    with pytest.raises(ValueError, match=r"chosen_on: .* tries learning_rates .*'validation'"):
        changed(**{"mitdb-cnn-pruned-strict": change})


def test_folds_of_which_each_tests_the_others_people_choose_on_who_is_tested():
    top = content("open")
    change = {"presets": {"signals": {"chosen_on": "cross-validation"}}}
    with pytest.raises(ValueError, match="pools 3 folds, each trained on people whom another"):
        load_config(merged({**top, **change}))


def test_a_question_must_be_one_of_the_studys():
    study = {"comparisons": [{"tag": "init", "of": "a", "to": "b", "question": "pretrainin"}]}
    with pytest.raises(ValueError, match=r"no question is named 'pretrainin'.*'pretraining'"):
        load_config(merged({"tables": {"transform_recognition": study}}))


def test_a_margin_is_a_positive_difference():
    study = {"questions": {"pretraining": {"margin": 0}}}
    with pytest.raises(ValueError, match=r"questions\.pretraining\.margin: 0"):
        load_config(merged({"tables": {"transform_recognition": study}}))
