"""Sweeps, references and slices of a config."""

import json
import re
from pathlib import Path

import pytest
import yaml
from overlays import content, merged, overlaid

from cardiograft import plugins
from cardiograft.config import pools, tabulation
from cardiograft.config.checks import load_config
from cardiograft.config.plan import Plan
from cardiograft.config.sweeps import completed, expanded
from cardiograft.specs.tabulate import LookedBefore
from cardiograft.splits.places import place

ROOT = Path(__file__).parents[2]


@pytest.fixture
def demo():
    return load_config(merged())


FOLDER = ROOT / "workflow/config"
OVERLAYS = sorted(
    str(p.relative_to(FOLDER).with_suffix(""))
    for folder in (FOLDER, FOLDER / "choices")
    for p in folder.glob("*.yaml")
    if p.stem != "image"  # needs a file of the user's on top: tests/studies/test_rhythm_image.py
)


@pytest.mark.parametrize("name", OVERLAYS)
def test_every_overlay_is_a_config_of_its_own(name, demo):
    config = overlaid(name)
    assert not config.simulated
    assert config.results != demo.results
    assert config.studies.keys() <= set(plugins.names("studies"))


def test_papers_sizes():
    config = overlaid("paper")
    assert config.databases["ptbdb"].records is None
    runs = [r for name, r in config.transfer.items() if name.startswith(("mitdb", "ptb"))]
    assert {(r.training.epochs, r.repeats, r.training.precision) for r in runs} <= {
        (20, 3, "no"),
    }
    pretexts = [r for n, r in config.pretrain.items() if n.startswith("pretext")]
    assert {r.training.epochs for r in pretexts} == {5}


def test_the_papers_target_is_cebsdb_and_its_sources_never_saw_it():
    config = overlaid("paper")
    rows = config.spec("tabulate", "scg_to_ecg").rows
    assert {(row.tags["data"], row.tags["inputs"]) for row in rows.values()} == {
        ("cebsdb", "z axis")
    }
    tested = {s for run in rows for s in config.inputs("scg_to_ecg", run)}
    assert {config.segments[s].database for s in tested} == {"cebsdb", "scg_rhc"}
    for model in ("cnn1d", "ecgnet", "tcn", "cae"):
        (source,) = config.transfer[f"scg-cae-{model}-magnitude-0"].sources
        split = config.splits[config.prune[source.entry].split]
        databases = {config.segments[s].dataset for s in split.segments}
        assert databases == {"scg_rhc", "mitdb", "incartdb", "ecgiddb", "ephnogram"}
        for run in (f"scg-cae-{model}-magnitude", "scg-cae-scratch"):
            assert (rows[run].repeats, len(rows[run].members)) == (3, 5)
            assert rows[run].tags["scaling"] == "paper"


def test_the_papers_pruning():
    config = overlaid("paper")
    for model in ("cnn1d", "ecgnet", "tcn", "cae"):
        plan = config.prune[f"pruned-{model}-any"].sparsity
        assert (plan.method, plan.initial, plan.final) == ("magnitude", 0.10, 0.25)
        assert (plan.begin, plan.end, plan.every) == (0, 1000, 100)


def test_the_papers_folds_hold_as_many_people_each():
    people = [f"cebsdb/{n:03d}" for n in range(1, 21)]
    seed, folds = {(s.seed, s.folds) for s in _folds_of("scg-paper-{}")}.pop()
    tested = [int(place(seed, "fold", name) * folds) for name in people]
    assert sorted(tested) == sorted(4 * list(range(5)))


def _folds_of(name):
    config = overlaid("paper")
    return [config.splits[name.format(fold)] for fold in range(5)]


def test_overlays_that_the_docs_show_are_configs():
    blocks = re.findall(
        r"```yaml\n(.*?)```", (ROOT / "docs/studies/scg_to_ecg.md").read_text(), re.DOTALL
    )
    here, cebsdb_alone, personal = [
        load_config(merged(content("paper"), yaml.safe_load(block))) for block in blocks
    ]
    assert here.mirror == cebsdb_alone.mirror == "/data/physionet"
    alone = cebsdb_alone.model_copy(update={"mirror": "simulated"})  # the folder isn't there
    assert Plan(alone).databases == ["cebsdb"]
    tuned = personal.splits[personal.evaluations["mine-tuned"].split].calibration
    before = personal.splits[personal.evaluations["mine"].split].calibration
    assert (tuned.seconds, before.seconds, tuned.reserve) == (20, 0, before.reserve)


@pytest.mark.parametrize("name", ["open", "paper"])
def test_an_honest_pretext_is_not_shown_who_is_tested(name):
    config = overlaid(name)
    for entry, evaluation in config.evaluations.items():
        scheme = config.splits[evaluation.split].scheme
        if scheme == "dechazal_strict":
            behind = {config.splits[run.split].scheme for _, run in config.lineage(entry)}
            assert behind == {"dechazal_strict"}


def test_sweep_makes_one_entry_per_combination():
    raw = expanded({"splits": {"s-{a}-{b}": {"sweep": {"a": [1, 2], "b": ["x"]}, "seed": "{a}"}}})
    assert raw["splits"] == {"s-1-x": {"seed": 1}, "s-2-x": {"seed": 2}}


def test_a_variable_is_a_tag_where_tags_say_so():
    entry = {"sweep": {"init": ["a"], "size": [1]}, "tags": {"init": "{init}", "share": "{size}"}}
    raw = expanded({"transfer": {"{init}-{size}": entry}})
    assert raw["transfer"]["a-1"]["tags"] == {"init": "a", "share": "1"}


def test_a_tag_is_removed_by_a_file_on_top():
    raw = expanded({"transfer": {"a": {"tags": {"init": None, "size": "1"}}}})
    assert raw["transfer"]["a"]["tags"] == {"size": "1"}


def test_a_study_fills_in_what_is_usual():
    rows = overlaid("open").spec("tabulate", "transform_recognition").rows
    assert rows["mitdb-cnn-pretext-frozen-strict"].tags["tuning"] == "frozen"
    assert rows["mitdb-cnn-pretext-strict"].tags["tuning"] == "full"


ROW = {
    "training": {"epochs": 1, "batch_size": 8},
    "variants": {"init": {"a": {}, "b": {"training": {"epochs": 2}, "source": "x-{init}"}}},
}


def test_a_variant_is_a_row_that_says_what_it_changes():
    raw = expanded({"transfer": {"{init}": ROW}})
    assert raw["transfer"] == {
        "a": {"training": {"epochs": 1, "batch_size": 8}},
        "b": {"training": {"epochs": 2, "batch_size": 8}, "source": "x-b"},
    }


def test_a_variant_is_removed_by_a_file_on_top():
    raw = expanded({"transfer": {"{init}": {**ROW, "variants": {"init": {"a": {}, "b": None}}}}})
    assert list(raw["transfer"]) == ["a"]


def test_a_variant_changes_what_is_laid_on_later():
    """Here, how long it trains on one of its splits, and a variant of another variable."""
    inner = {"splits": {"far": {"training": {"epochs": 9}}}, "variants": {"size": {"2": {"x": 1}}}}
    entry = {
        "splits": {"near": {"split": "s"}, "far": {"split": "t", "training": {"epochs": 5}}},
        "variants": {"init": {"a": {}, "b": inner}, "size": {"1": {}, "2": {}}},
    }
    trainings = expanded({"transfer": {"{init}-{size}-{split}": entry}})["transfer"]
    assert trainings["a-1-far"] == {"split": "t", "training": {"epochs": 5}}
    assert trainings["b-1-far"] == {"split": "t", "training": {"epochs": 9}}
    assert trainings["b-2-near"] == {"split": "s", "x": 1}
    assert "x" not in trainings["a-2-near"]


PRESETS = {"usual": {"epochs": 3, "ema": 0.5}, "long": {"preset": "usual", "epochs": "{n}"}}


def test_a_preset_lies_below_what_stands_beside_it():
    entry = {"sweep": {"n": [7]}, "training": {"preset": "long", "ema": 0.9}}
    raw = expanded({"presets": PRESETS, "transfer": {"x-{n}": entry}})
    assert raw["transfer"]["x-7"] == {"training": {"epochs": 7, "ema": 0.9}}
    assert "presets" not in raw


def test_a_variant_takes_another_preset():
    entry = {
        "training": {"preset": "usual", "ema": 0.9},
        "variants": {"n": {"4": {"training": {"preset": "long"}}, "5": {"training": "none"}}},
    }
    trainings = expanded({"presets": PRESETS, "transfer": {"x-{n}": entry}})["transfer"]
    assert trainings["x-4"]["training"] == {"epochs": 4, "ema": 0.9}
    assert trainings["x-5"]["training"] == "none"


@pytest.mark.parametrize(
    ("presets", "message"),
    [
        ({"usaul": {}}, "transfer.x.training.preset: no preset .* Did you mean 'usaul'"),
        ({"usual": 5}, "presets.usual: expected a mapping, not 5"),
        ({"usual": {"preset": "usual"}}, "preset: 'usual' names itself"),
    ],
)
def test_a_preset_that_is_not_there(presets, message):
    with pytest.raises(ValueError, match=message):
        expanded({"presets": presets, "transfer": {"x": {"training": {"preset": "usual"}}}})


THIRDS = {"folds": 3, "fold": {"A": 0, "B": 1, "C": None}, "name": "s-{x}-{fold}"}


def test_a_split_names_its_folds_once():
    splits = {"s-{x}-thirds": {"sweep": {"x": ["z"]}, **THIRDS}, "t": {"folds": 2, "fold": [0, 1]}}
    entry = {
        "splits": {"all": {"split": "u"}, "folds": {"split": "s-{a}-thirds"}},
        "variants": {"a": {"z": {}}},
        "source": "y-{split}",
        "evaluate": {"metrics": ["accuracy"]},
    }
    raw = expanded({"splits": splits, "transfer": {"x-{a}-{split}": entry}})
    assert {name: one["fold"] for name, one in raw["splits"].items()} == {
        "s-z-A": 0,
        "s-z-B": 1,
        "t-0": 0,
        "t-1": 1,
    }
    assert raw["transfer"] == {
        "x-z-all": {"split": "u", "source": "y-all"},
        "x-z-A": {"split": "s-z-A", "source": "y-A"},
        "x-z-B": {"split": "s-z-B", "source": "y-B"},
    }
    assert {name: one.get("pool") for name, one in raw["evaluations"].items()} == {
        "x-z-all": None,
        "x-z-A": "x-z",
        "x-z-B": "x-z",
    }


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"split": "t"}, r"transfer.x.split: 't' has folds: name one of them \(t-0, t-1\), or all"),
        ({"splits": {"folds": {"split": "tt"}}}, "folds.split: no split .* 'tt'. Did you mean 't'"),
        ({"splits": {"folds": "t"}}, "splits.folds: expected a mapping, not 't'"),
        ({"variants": {"a": ["b"]}}, r"variants.a: expected a mapping, not \['b'\]"),
        ({"variants": {"a": {"b": "c"}}}, "variants.a.b: expected a mapping, not 'c'"),
        ({"evaluate": ["accuracy"]}, "transfer.x.evaluate: expected a mapping"),
    ],
)
def test_rows_that_can_not_be_made(entry, message):
    name = "x" + "-{split}" * ("splits" in entry) + "-{a}" * ("variants" in entry)
    splits = {"t": {"folds": 2, "fold": [0, 1]}}
    with pytest.raises(ValueError, match=message):
        expanded({"splits": splits, "transfer": {name: entry}})


def test_a_fold_must_be_in_the_name_of_its_split():
    with pytest.raises(ValueError, match=r"splits.t.name: 'u' has no \{fold\}"):
        expanded({"splits": {"t": {"folds": 2, "fold": [0, 1], "name": "u"}}})


def test_a_misspelt_word_of_the_language():
    with pytest.raises(ValueError, match=r"x: unknown key 'evaluates'. Did you mean 'eval"):
        load_config({"transfer": {"x": {"evaluates": {}}}})


def test_null_removes_an_entry():
    assert expanded({"splits": {"a": None}})["splits"] == {}


def test_sweep_and_name_must_agree():
    with pytest.raises(ValueError, match="placeholders"):
        expanded({"splits": {"s-{a}": {"sweep": {"b": [1]}}}})


def test_two_entries_of_one_name():
    with pytest.raises(ValueError, match="two entries expand"):
        expanded({"splits": {"s": {}, "{a}": {"sweep": {"a": ["s"]}}}})


def test_a_row_that_is_named_as_if_it_stood_by_itself():
    """Who lays one row's change on top learns which entry the row is of."""
    made = {"s-{a}": {"variants": {"a": {"x": {}, "y": {}}}}}
    written = "change this one of 's-{a}' below its variants or splits"
    with pytest.raises(ValueError, match=f"splits.s-x: .* 's-{{a}}' and 's-x': {written}"):
        expanded({"splits": {**made, "s-x": {"scheme": "subject"}}})


def test_evaluations_by_pattern():
    evaluate = {"evaluate": {"parts": ["train"]}}
    raw = completed(
        expanded(
            {
                "transfer": {"x-1": {"split": "s", **evaluate}, "y": {"split": "t", **evaluate}},
                "tables": {"z": {"evaluations": ["x-*"]}},
            }
        )
    )
    assert raw["evaluations"] == {
        "x-1": {"model": "x-1", "split": "s", "parts": ["train"]},
        "y": {"model": "y", "split": "t", "parts": ["train"]},
    }
    assert raw["tables"]["z"]["evaluations"] == ["x-1"]


def test_pattern_that_matches_nothing():
    with pytest.raises(ValueError, match="nothing matches 'q-"):
        completed(expanded({"tables": {"z": {"evaluations": ["q-*"]}}}))


def test_prune_takes_model_task_and_split_of_its_source():
    raw = completed(
        expanded(
            {
                "pretrain": {"a": {"split": "s", "model": "cnn", "task": "classify"}},
                "prune": {"b": {"source": "a"}},
            }
        )
    )
    assert raw["prune"]["b"] == {"source": "a", "split": "s", "model": "cnn", "task": "classify"}


def test_source_and_sources_contradict():
    with pytest.raises(ValueError, match="contradict"):
        completed(expanded({"transfer": {"a": {"source": "b", "sources": []}}}))


def test_exports_are_networks_by_pattern():
    given = {"pretrain": {"a-1": {}, "a-2": {}}, "transfer": {"b": {}}, "baselines": {"a-3": {}}}
    raw = completed(expanded({**given, "exports": ["b", "a-*"]}))
    assert raw["exports"] == ["b", "a-1", "a-2"]
    assert completed(expanded({**given, "exports": None}))["exports"] == []
    with pytest.raises(ValueError, match=r"exports: nothing matches 'a-3'.* Known: a-1, a-2, b"):
        completed(expanded({**given, "exports": "a-3"}))


def test_specs_hold_no_plan(demo):
    spec = json.loads(demo.spec("transfer", "mitdb-cnn-pretext-strict").canonical())
    assert "repeats" not in spec
    assert "tags" not in spec


def test_lineage_of_a_pruned_transfer(demo):
    names = [name for name, _ in demo.lineage("mitdb-cnn-pruned-strict")]
    assert names == ["mitdb-cnn-pruned-strict", "pretext-cnn-pruned-strict", "pretext-cnn-strict"]


def test_audit_names_every_training(demo):
    audit = demo.spec("audit", "mitdb-cnn-pruned-strict")
    assert [a.stage for a in audit.lineage] == ["transfer", "prune", "pretrain"]
    assert {a.split for a in audit.lineage} == {"mitdb-strict"}


def folds(**changes):
    """Return a config of three folds of two starts, pooled; `changes` are the evaluation's."""
    start = {
        "sweep": {"init": ["a", "b"], "fold": [0, 1, 2]},
        "split": "s-{fold}",
        "model": "cnn",
        "task": "classify",
        "training": {"epochs": 1},
        "tags": {"init": "{init}", "fold": "{fold}"},
    }
    entry = {
        "sweep": {"init": ["a", "b"], "fold": [0, 1, 2]},
        "model": "x-{init}-{fold}",
        "pool": "x-{init}",
        "metrics": ["accuracy"],
        "tags": {"fold": None},
    }
    cut = {"database": "mitdb", "rate_hz": 125, "cut": "beats", "label": "aami"}
    split = {
        "sweep": {"fold": [0, 1, 2]},
        "segments": ["beats"],
        "scheme": "subject",
        "protocol": "honest",
        "folds": 3,
        "fold": "{fold}",
    }
    return {
        "databases": {"mitdb": {}},
        "segments": {"beats": {**cut, "signal": {"leads": ["MLII"]}}},
        "splits": {"s-{fold}": split, "other": {**split, "sweep": {}, "fold": 0}},
        "transfer": {"x-{init}-{fold}": start},
        "evaluations": {"x-{init}-{fold}": {**entry, **changes}},
        "tables": {"transform_recognition": {"evaluations": ["x-*"], "primary": "accuracy"}},
    }


def test_folds_are_pooled():
    config = load_config(folds())
    rows = config.spec("tabulate", "transform_recognition").rows
    assert list(rows) == ["x-a", "x-b"]
    assert rows["x-a"].members == ("x-a-0", "x-a-1", "x-a-2")
    assert rows["x-a"].split == "s (3 folds)"
    # the null of the evaluation drops a tag of its model
    assert rows["x-a"].tags["init"] == "a"
    assert "fold" not in rows["x-a"].tags


def together(repeats=3, **mean):
    """Return that config with a run that is the mean of others'."""
    config = folds()
    config["transfer"]["x-{init}-{fold}"]["repeats"] = repeats
    entry = {"of": ["x-a"], "tags": {"model": "mean of 3"}, **mean}
    config["tables"]["transform_recognition"]["means"] = {"x-mean": entry}
    return config


def test_a_file_on_top_removes_one_mean_or_all():
    study = together()["tables"]["transform_recognition"]
    for means in (None, {"x-mean": None}):
        config = together()
        config["tables"]["transform_recognition"] = {**study, "means": means}
        assert load_config(config).studies["transform_recognition"].means == {}


@pytest.mark.parametrize(
    ("ways", "own", "expected"),
    [
        (("validation", "test"), None, "test"),
        (("cross-validation", "validation"), None, "cross-validation"),
        (("untuned", "published"), None, "published"),
        (("validation", "validation"), "test", "test"),
        (("validation", "test"), "validation", "test"),
        (("validation", None), None, None),
        (("validation", None), "test", None),
    ],
)
def test_a_mean_was_chosen_as_the_most_flattered_of_its_runs(ways, own, expected):
    looks = [{"times": 2, "why": "two"}, {"times": 7, "why": "seven"}]
    config = together(of=["x-a", "x-b"])
    study = load_config(config).spec("tabulate", "transform_recognition")
    rows = [
        study.rows[name].model_copy(
            update={
                "chosen_on": way,
                "looked_before": LookedBefore.model_validate(look),
                "differs": {"recipe": (name,)},
            }
        )
        for name, way, look in zip(("x-a", "x-b"), ways, looks, strict=True)
    ]
    choice = tabulation._chosen(rows, own)
    assert choice["chosen_on"] == expected
    assert choice["looked_before"].times == 7
    assert choice["differs"] == {"recipe": ("x-a", "x-b")}


def test_a_mean_is_a_run_of_the_tables_alone():
    config = load_config(together(of=["x-a", "x-b"]))
    study = config.spec("tabulate", "transform_recognition")
    row, first = study.rows["x-mean"], study.rows["x-a"]
    assert row.averaged == (("x-a-0", "x-b-0"), ("x-a-1", "x-b-1"), ("x-a-2", "x-b-2"))
    assert (row.repeats, first.repeats) == (1, 3)
    assert row.tags == {**first.tags, "model": "mean of 3"}
    assert (row.members, row.split, row.metrics) == (first.members, first.split, first.metrics)
    assert list(config.runs("transform_recognition")) == ["x-a", "x-b"]
    assert not row.aligned
    moved = load_config(together(of=["x-a", "x-b"], aligned=True))
    assert moved.spec("tabulate", "transform_recognition").rows["x-mean"].aligned


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (together(of=["x-c"]), "no run of the study is named 'x-c'. Did you mean"),
        (together(of=[]), "means.x-mean.of"),
        (together(tags={}), "nothing tells it from 'x-a': give a tag another value"),
        (together(tags={"init": "a"}), "nothing tells it from 'x-a'"),
        (together(repeats=1), "'x-a' has one repeat: a mean needs two"),
        (together(aligned=True), "x-mean.aligned: to what\\? 'x-a' is the only run"),
    ],
)
def test_a_mean_of_nothing_sensible_is_refused(config, message):
    with pytest.raises(ValueError, match=message):
        load_config(config)


def test_a_mean_over_other_segments_is_refused():
    config = together(of=["x-a", "y"])
    config["transfer"]["y"] = {
        **config["transfer"]["x-{init}-{fold}"],
        "sweep": {},
        "split": "other",
    }
    config["evaluations"]["y"] = {"metrics": ["accuracy"]}
    config["tables"]["transform_recognition"]["evaluations"].append("y")
    with pytest.raises(
        ValueError, match=r"'y' is tested on other, 'x-a' on s-0, s-1, s-2: no mean"
    ):
        load_config(config)


def test_an_evaluation_by_itself_is_its_only_member(demo):
    for name, row in demo.spec("tabulate", "transform_recognition").rows.items():
        assert row.members == (name,)


def test_a_pool_reaches_no_job_but_the_tables():
    with_pool, without = load_config(folds()), load_config(folds(pool=None))
    for name in with_pool.evaluations:
        for stage in ("predict", "score"):
            assert with_pool.spec(stage, name) == without.spec(stage, name)
        # One fold need not have every class; all of them together are the run.
        audits = [config.spec("audit", name).model_dump() for config in (with_pool, without)]
        assert [audit.pop("missing") for audit in audits] == ["allowed", "refused"]
        assert audits[0] == audits[1]


def _changed(config, **changes):
    entry = config["evaluations"]["x-{init}-{fold}"]
    first = {k: v for k, v in entry.items() if k not in ("sweep", "model")}
    config["evaluations"] = {
        "x-a-0": {**first, "pool": "x-a"},
        "x-a-1": {**first, "pool": "x-a", **changes},
    }
    return config


UNLIKE = {
    "controls": ({"metrics": ["pearson"], "controls": ["phase"]}, "not ('phase',)"),
    "metrics": ({"metrics": ["accuracy", "macro_f1"]}, "metrics is ['accuracy'], not ['accuracy',"),
    "tags": ({"tags": {"size": "big"}}, "tag 'fold' is None, not '1'"),
    "parts": ({"parts": ["test", "train"]}, "parts is ('test',), not ('test', 'train')"),
    "protocol": ({"split": "paper"}, "protocol is 'honest', not 'paper'"),
    "repeats": ({"model": "twice"}, "repeats is 1, not 2"),
    "model": ({"model": "mlp"}, "model is 'cnn (transfer)', not 'mlp (transfer)'"),
    "section": ({"model": "plain"}, "model is 'cnn (transfer)', not 'majority (baselines)'"),
    "subjects": ({"split": "s-0"}, "the same test subjects: both are of split 's-0'"),
}


@pytest.mark.parametrize("case", UNLIKE)
def test_what_is_pooled_must_be_alike(case):
    changes, message = UNLIKE[case]
    config = _changed(folds(), **changes)
    config["splits"]["paper"] = {**config["splits"]["other"], "protocol": "paper"}
    start = {**config["transfer"]["x-{init}-{fold}"], "tags": {"init": "a"}, "split": "s-1"}
    del start["sweep"]
    config["transfer"] |= {"twice": {**start, "repeats": 2}, "mlp": {**start, "model": "mlp"}}
    plain = {"split": "s-1", "baseline": "majority", "tags": {"init": "a"}}
    config["baselines"] = {"plain": plain}
    with pytest.raises(
        ValueError, match=r"^evaluations\.x-a-1\.pool: 'x-a' pools 'x-a-0' too, "
    ) as e:
        load_config(config)
    assert message in str(e.value)


UNEQUAL_FOLDS = {
    "epochs": ({"training": {"epochs": 2}}, "training.epochs is 1, not 2"),
    "rate": ({"training": {"epochs": 1, "learning_rate": 0.1}}, "learning_rate is 0.001, not 0.1"),
    "task": ({"task": {"name": "classify", "labels": ["N"]}}, "task.options.labels is"),
    "model": ({"model": {"name": "cnn", "dropout": 0.9}}, ", not 0.9"),
    "frozen": ({"frozen": ["encoder"]}, "frozen is [], not ['encoder']"),
    "adaptation": (
        {"adaptation": {"name": "coral", "domain": "other"}},
        "adaptation.name is None, not 'coral'",
    ),
    "map": (
        {"source": "first-1", "map": {"encoder.a": "encoder.b"}},
        "sources.0.map is {'encoder': 'encoder'}, not {'encoder.a': 'encoder.b'}",
    ),
    "least": ({"source": "first-1", "least": 0.9}, "least is 0.5, not 0.9"),
    "source": ({"source": "long"}, "sources.0.training.epochs is 1, not 5"),
    "pruned": ({"source": "pruned"}, "sources.0.stage is 'transfer', not 'prune'"),
    "none": ({"sources": []}, "sources.0.stage is 'transfer', not None"),
}


def grafted(**changes):
    """Return a pool of two folds that start from sources of their own; the second's `changes`."""
    config = folds()
    run = {k: v for k, v in config["transfer"]["x-{init}-{fold}"].items() if k != "sweep"}
    first = {fold: {**run, "split": f"s-{fold}"} for fold in (0, 1)}
    entries = {f"first-{fold}": first[fold] for fold in (0, 1)}
    entries["long"] = {**first[1], "training": {"epochs": 5}}
    for fold in (0, 1):
        own = {**first[fold], "source": f"first-{fold}"}
        if fold and changes:
            own = {k: v for k, v in own.items() if k != "source" or "sources" not in changes}
            own |= changes
        entries[f"x-a-{fold}"] = {**own, "tags": {"init": "a"}}
    config["prune"] = {"pruned": {"source": "first-1", "training": {"epochs": 1}}}
    evaluation = {"pool": "x-a", "metrics": ["accuracy"]}
    return {
        **config,
        "transfer": entries,
        "evaluations": {f"x-a-{fold}": evaluation for fold in (0, 1)},
    }


def test_folds_may_differ_in_their_splits_and_in_those_of_their_sources():
    rows = load_config(grafted()).spec("tabulate", "transform_recognition").rows
    assert rows["x-a"].members == ("x-a-0", "x-a-1")
    assert load_config(grafted(source="first-0"))


@pytest.mark.parametrize("case", UNEQUAL_FOLDS)
def test_folds_are_trained_alike(case):
    changes, message = UNEQUAL_FOLDS[case]
    with pytest.raises(ValueError, match=r"^evaluations\.x-a-1\.pool: 'x-a' pools ") as e:
        load_config(grafted(**changes))
    assert message in str(e.value)
    assert "\n" not in str(e.value)


def test_domains_are_splits_of_folds_too():
    config = grafted()
    for fold in (0, 1):
        adaptation = {"name": "coral", "domain": f"s-{fold}"}
        config["transfer"][f"x-a-{fold}"]["adaptation"] = adaptation
    assert load_config(config)
    config["transfer"]["x-a-1"]["adaptation"] = {**adaptation, "weight": 2.0}
    with pytest.raises(ValueError, match=r"adaptation\.weight is 1\.0, not 2\.0"):
        load_config(config)


def test_a_pool_takes_no_evaluations_name():
    with pytest.raises(ValueError, match="pool: 'x-a-2' is an evaluation of the study"):
        load_config(folds(pool="x-{init}-2"))
    config = folds(pool="x-{init}-2")
    config["tables"]["transform_recognition"]["evaluations"] = ["x-*-0", "x-*-1"]
    rows = load_config(config).spec("tabulate", "transform_recognition").rows
    assert rows["x-a-2"].members == ("x-a-0", "x-a-1")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"transfer": ["x"]}, r"transfer: expected a mapping, not \['x'\]"),
        ({"transfer": {"x": 5}}, "transfer.x: expected a mapping, not 5"),
        ({"transfer": {"x": {"source": ["a"]}}}, r"transfer.x.source: no entry named \['a'\]"),
        ({"transfer": {"x": {"sources": ["a"]}}}, r"transfer.x.sources: expected a list of \{"),
        ({"transfer": {"x-{a}": {"sweep": ["a"]}}}, "sweep: expected a mapping"),
        ({"transfer": {"{a}": {"sweep": {"a": [1]}, "tags": ["a"]}}}, "tags: expected a mapping"),
        ({"segments": {"x": {"database": ["mitdb"]}}}, "segments.x.database: "),
        ({"evaluations": {"x": {"model": ["a"]}}}, "evaluations.x.model: "),
        ({"tables": {"scg_to_ecg": {"evaluations": 5}}}, "evaluations: expected names or patt"),
        ({"exports": 5}, "exports: expected names or patterns of names, not 5"),
    ],
)
def test_a_value_of_another_kind_is_a_config_error(given, message):
    with pytest.raises(ValueError, match=message):
        load_config(given)


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"comparisons": [{"tag": "ini", "of": "a", "to": "b"}]}, "comparisons: .* mean 'init'"),
        ({"curves": [{"tag": "innit"}]}, "curves: no run has the tag 'innit'. Did you mean 'init'"),
        ({"primary": "acuracy:S"}, "primary: 'acuracy' is no metric .* mean 'accuracy'"),
    ],
)
def test_a_study_asks_for_what_its_runs_have(tables, message):
    config = folds()
    config["tables"]["transform_recognition"] |= tables
    with pytest.raises(ValueError, match=rf"^tables\.transform_recognition\.{message}"):
        load_config(config)


def test_a_primary_metric_goes_by_its_name_in_tables():
    metric = {"name": "jkappa", "unscored": ["Q", "F"]}
    config = folds(metrics=["accuracy", metric])
    config["tables"]["transform_recognition"]["primary"] = "jkappa(unscored=Q+F)"
    assert load_config(config)
    config["tables"]["transform_recognition"]["primary"] = "jkappa"
    message = "primary: 'jkappa' is no metric of its evaluations. Known: accuracy, jkappa("
    with pytest.raises(ValueError, match=re.escape(message)):
        load_config(config)


def test_one_class_can_be_primary():
    config = folds()
    config["tables"]["transform_recognition"]["primary"] = "accuracy:S"
    assert load_config(config).spec("tabulate", "transform_recognition").primary == "accuracy:S"


def test_a_pool_leaves_nobody_out():
    metrics = ["accuracy", {"name": "accuracy", "without": ["mitdb/203"]}]
    with pytest.raises(ValueError, match=r"metrics: 'accuracy' leaves out mitdb/203, not to be"):
        load_config(folds(metrics=metrics))


@pytest.mark.parametrize(
    ("names", "together"),
    [
        (["scg-subject"], "scg-subject"),
        ([f"scg-subject-{k}" for k in range(5)], "scg-subject (5 folds)"),
        (["s-10", "s-11", "s-12"], "s (3 folds)"),
        (["scg-0-z", "scg-1-z"], "scg-z (2 folds)"),
        (["ds1-all-0.2-0", "ds1-all-0.2-1"], "ds1-all-0.2 (2 folds)"),
        (["fold0", "fold1"], "fold (2 folds)"),
        (["s", "s-1"], "s (2 folds)"),
        (["china", "chile"], "china + chile"),
        (["on-china", "on-chile"], "on (2 folds)"),
    ],
)
def test_splits_of_a_pool_have_one_name(names, together):
    assert pools.split(names) == together


def adapted(**options):
    raw = merged()
    raw["splits"]["ptb-domain"] = {**raw["splits"]["ptb-subject"], "seed": 3}
    raw["presets"]["rhythm-training"]["learning_rates"] = []  # an adaptation tries none
    adaptation = {"name": "coral", "domain": "ptb-domain", **options}
    for entry in raw["transfer"].values():
        entry["adaptation"] = adaptation
        entry.pop("per_subject", None)  # such a training adapts to nobody else
    return load_config(raw)


def test_an_adaptation_is_a_use_of_its_domain(demo):
    config, entry = adapted(), "mitdb-cnn-pruned-strict"
    uses = [(a.stage, a.split, a.uses) for a in config.spec("audit", entry).lineage]
    before = [(a.stage, a.split, a.uses) for a in demo.spec("audit", entry).lineage]
    assert uses == [before[0], ("transfer", "ptb-domain", ("train",)), *before[1:]]
    assert json.loads(config.spec("transfer", entry).canonical())["adaptation"]["weight"] == 1.0


def test_a_job_reads_its_domain():
    config, entry = adapted(), "mitdb-cnn-pruned-strict"
    plan, plain = Plan(config), Plan(adapted(name="none"))
    assert plan.lineage_splits(entry) == [plan.split("mitdb-strict"), plan.split("ptb-domain")]
    assert plan.domain_split(entry) == [plan.split("ptb-domain")]
    assert plan.domain_segments(entry) == plan.segments("ptb-domain")
    assert "src/cardiograft/training/adaptations/coral.py" in json.loads(
        plan.code("transfer", entry)
    )
    assert "src/cardiograft/training/adaptations/mmd.py" not in json.loads(
        plan.code("transfer", entry)
    )
    assert plain.domain_split(entry) == plain.domain_segments(entry) == []
    assert plain.lineage_splits(entry) == [plain.split("mitdb-strict")]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"domain": "ptb-domian"}, r"adaptation.domain: no entry .* Did you mean 'ptb-domain'"),
        ({"part": "test"}, "adaptation.part: 'test' adapts to the test part of the honest split"),
        ({"name": "coral", "bandwidths": [1]}, "coral has no option 'bandwidths'"),
        ({"name": "corral"}, "no adaptations named 'corral'. Did you mean 'coral'"),
        ({"weight": 0}, "adaptation.weight: 0: Input should be greater than 0"),
    ],
)
def test_an_adaptation_that_cannot_be_is_a_config_error(options, message):
    with pytest.raises(ValueError, match=message):
        adapted(**options)


@pytest.mark.parametrize(
    ("place", "key", "value", "message"),
    [
        (
            "databases.mitdb",
            "records",
            "100",
            r"records: '100': expected how many .* \['100', '101'",
        ),
        ("databases.mitdb", "records", [100, 101], r"records: \[100, 101\]: expected how many"),
        ("databases.mitdb", "records", True, "records: True: expected how many"),
        ("databases.mitdb", "max_nonfinite", 5, "max_nonfinite: 5: Input should be less than"),
        ("databases.mitdb", "max_nonfinite", float("nan"), "max_nonfinite: nan: Input should be"),
        ("segments.beats", "rate_hz", float("inf"), "rate_hz: inf: Input should be a finite"),
        ("segments.beats.signal", "leads", [], r"leads: \[\]: .* at least 1"),
    ],
)
def test_numbers_and_lists_out_of_range(place, key, value, message):
    config = folds()
    entry = config
    for name in place.split("."):
        entry = entry[name]
    entry[key] = value
    with pytest.raises(ValueError, match=rf"^{place}\.{message}") as e:
        load_config(config)
    assert "\n" not in str(e.value)


def test_a_data_set_without_a_simulation_may_be_real(monkeypatch):
    def options(kind, name, original=plugins.options):
        if kind == "datasets":
            raise TypeError("datasets/mitdb.py has no function 'simulate' at its top level")
        return original(kind, name)

    monkeypatch.setattr(plugins, "options", options)
    assert load_config({**folds(), "mirror": "/somewhere"})
    with pytest.raises(ValueError, match=r"databases.mitdb: .*no function 'simulate'"):
        load_config(folds())


def test_a_view_goes_with_its_model():
    pictures = {
        "split": "mitdb-strict",
        "model": "light_cnn",
        "view": {"name": "scalogram", "octaves": 5},
        "task": {"name": "classify", "labels": ["F", "N", "S", "V"]},
        "training": {"epochs": 1},
    }
    taken = {"source": "pictures", "split": "mitdb-strict", "task": pictures["task"]}
    taken["training"] = {"epochs": 1}
    base = merged({"pretrain": {"pictures": pictures}, "transfer": {"taken": taken}})
    config = load_config(base)
    assert config.transfer["taken"].view == config.pretrain["pictures"].view
    assert config.spec("pretrain", "pictures").view.options["octaves"] == 5.0
    with pytest.raises(ValueError, match=r"pretrain\.pictures\.view: light_cnn takes pictures"):
        load_config(merged({"pretrain": {"pictures": {**pictures, "view": None}}}))
    with pytest.raises(ValueError, match=r"pretrain\.pictures\.view: mlp takes signals, not"):
        load_config(merged({"pretrain": {"pictures": {**pictures, "model": "mlp"}}}))


def test_a_file_from_outside_is_a_source(tmp_path):
    file = tmp_path / "weights.pt"
    file.touch()
    source = {"file": str(file), "sha256": "0" * 64, "reader": "torch_state"}
    task = {"name": "classify", "labels": ["F", "N", "S", "V"]}
    entry = {"split": "mitdb-strict", "model": "mlp", "task": task, "training": {"epochs": 1}}
    config = load_config(merged({"transfer": {"given": {**entry, "source": source, "repeats": 3}}}))
    (key,) = config.outside
    plan = Plan(config)
    assert plan.sources("given", "2") == [f"results/outside/{key}.safetensors"]
    assert plan.outside(key) == str(file)
    assert "checkpoints/readers/torch_state.py" in plan.code("outside", key)
    assert json.loads(plan.spec("outside", key))["sha256"] == "0" * 64
    assert [name for name, _ in config.lineage("given")] == ["given"]
