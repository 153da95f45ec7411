"""Each field of each spec can be set in config: a constant is a constant in the code."""

import copy
import importlib
import inspect
import pkgutil
import typing

import pytest

import cardiograft.specs
from cardiograft.config.schema import Config
from cardiograft.specs.audit import Ancestor, Audit
from cardiograft.specs.download import Download
from cardiograft.specs.entry import Adapting, Entry, Plugin
from cardiograft.specs.export import Export
from cardiograft.specs.outside import Outside
from cardiograft.specs.predict import Predict
from cardiograft.specs.quality_gate import Gating
from cardiograft.specs.report import Report
from cardiograft.specs.score import Score
from cardiograft.specs.tabulate import StudyRun, Tabulate
from cardiograft.specs.training import Trained
from cardiograft.specs.transfer import Source

STUDY = "transform_recognition"
SPLIT = {"segments": ["beats"], "scheme": "segment", "protocol": "paper"}
TRAINED = {"model": "cnn", "training": {"epochs": 1}}
BASE = {
    "databases": {"mitdb": {"dataset": "mitdb"}},
    "segments": {
        "beats": {
            "database": "mitdb",
            "dataset": "mitdb",
            "signal": {"leads": ["MLII"]},
            "rate_hz": 125,
            "cut": "kachuee",
        }
    },
    "splits": {"one": SPLIT, "two": SPLIT},
    "pretrain": {"source": {"split": "one", "task": "recognise_transform", **TRAINED}},
    "transfer": {
        "net": {"split": "one", "task": "classify", "sources": [{"entry": "source"}], **TRAINED}
    },
    "baselines": {"majority": {"split": "one", "baseline": "majority"}},
    "evaluations": {
        name: {"model": name, "split": "one", "metrics": ["accuracy"]}
        for name in ("net", "majority")
    },
    "quality_gates": {"clean": {"segments": "beats", "model": "net"}},
    "export": {"file": {"source": "net"}},
    "studies": {STUDY: {"evaluations": ["net", "majority"], "primary": "accuracy"}},
}


def at(*path):
    """Return a change of config: the last of `path` is the value."""

    def change(config):
        *keys, key, value = path
        for one in keys:
            config = config.setdefault(one, {})
        config[key] = value

    return change


def measured(config):
    config["mirror"] = "https://physionet.org/files"


def asked_twice(config):
    """Add an evaluation that asks the network what another asks."""
    config["evaluations"]["again"] = {**config["evaluations"]["net"], "metrics": ["kappa"]}
    config["studies"][STUDY]["evaluations"].append("again")


def pooled(config):
    for evaluation in config["evaluations"].values():
        evaluation["pool"] = "both"


OWN = {"path": "/recordings", "subject": "folder", "mains_hz": 50}
DOSED = {"scheme": "subject", "protocol": "dose", "dose": {"share": 0.5, "base": 9, "slots": 9}}
STUDIES, NET, FILE = ("studies", STUDY), ("evaluations", "net"), ("export", "file")
# Specs that `Config.spec` puts together: a change of config for each of their fields.
CHANGES = {
    Download: {
        "dataset": at("databases", "mitdb", "dataset", "ptbdb"),
        "records": at("databases", "mitdb", "records", 4),
        "max_nonfinite": at("databases", "mitdb", "max_nonfinite", 0.5),
        "lost": at("databases", "mitdb", "lost", "allowed"),
        "simulate": at("databases", "mitdb", "simulate", {"duration_s": 60}),
        "seed": at("seed", 5),
        "content": None,  # of the mirror's bytes: `Plan` reads it
        "folder": at("databases", "mitdb", {"dataset": "wfdb_folder", "folder": OWN}),
    },
    Predict: {
        "split": at(*NET, "split", "two"),
        "model": at("transfer", "net", "model", "mlp"),
        "task": at("transfer", "net", "task", {"name": "classify", "labels": ["N"]}),
        "parts": at(*NET, "parts", ["train"]),
        "controls": at(*NET, "controls", ["shuffled"]),
        "batch_size": at(*NET, "batch_size", 8),
        "precision": at(*NET, "precision", "bf16"),
        "view": at("transfer", "net", "view", {"name": "spectrogram"}),
    },
    Audit: {
        "protocol": at("splits", "one", {**SPLIT, "scheme": "subject", "protocol": "honest"}),
        "split": at(*NET, "split", "two"),
        "parts": at(*NET, "parts", ["train"]),
        "lineage": at("transfer", "net", "sources", []),
        "labels": at("transfer", "net", "task", {"name": "classify", "labels": ["N"]}),
        "missing": at(*NET, "missing", "allowed"),
        "chosen_on": at(*NET, "chosen_on", "untuned"),
        "chosen_in": at(*NET, "chosen_in", "config.yaml"),
    },
    Ancestor: {
        "stage": at("evaluations", "net", "model", "majority"),
        "entry": at("evaluations", "net", "model", "source"),
        "split": at("transfer", "net", "split", "two"),
        "uses": at("transfer", "net", "training", "keep", "best_test"),
    },
    Score: {"metrics": at(*NET, "metrics", ["kappa"]), "per": at(*NET, "per", "record")},
    Tabulate: {
        "study": at("studies", {"scg_to_ecg": BASE["studies"][STUDY]}),
        "rows": at(*STUDIES, "evaluations", ["net"]),
        "predicted_as": asked_twice,
        "primary": at(*STUDIES, "primary", "accuracy:N"),
        "comparisons": at(*STUDIES, "comparisons", [{"tag": "init", "of": "a", "to": "b"}]),
        "questions": at(*STUDIES, "questions", {"one": {"asks": "Does it help?"}}),
        "margin": at(*STUDIES, "margin", 0.02),
        "shown": at(*STUDIES, "shown", ["net"]),
        "curves": at(*STUDIES, "curves", [{"tag": "share"}]),
        "level": at(*STUDIES, "level", 0.9),
        "draws": at(*STUDIES, "draws", 100),
        "least_subjects": at(*STUDIES, "least_subjects", 5),
        "seed": at(*STUDIES, "seed", 5),
    },
    StudyRun: {
        "members": pooled,
        "averaged": at(*STUDIES, "means", {"net-mean": {"of": ["net"]}}),
        "aligned": at(
            *STUDIES,
            "means",
            {"mean": {"of": ["net", "majority"], "aligned": True, "tags": {"model": "two"}}},
        ),
        "counts": at(
            *STUDIES,
            "means",
            {"mean": {"of": ["net", "majority"], "counts": "runs", "tags": {"model": "two"}}},
        ),
        "protocol": at("splits", "one", {**SPLIT, "scheme": "subject", "protocol": "honest"}),
        "split": at(*NET, "split", "two"),
        "simulated": measured,
        "repeats": at("transfer", "net", "repeats", 2),
        "tags": at(*NET, "tags", {"model": "a"}),
        "metrics": at(*NET, "metrics", ["kappa"]),
        "per": at(*NET, "per", "record"),
        "chosen_on": at(*NET, "chosen_on", "untuned"),
        "chosen_in": at(*NET, "chosen_in", "config.yaml"),
        "dose": at("splits", "one", {**SPLIT, **DOSED}),
        "looked_before": at(*NET, "looked_before", {"times": 5, "why": "variants"}),
        "differs": at("transfer", "net", "training", {"epochs": 1, "schedule": "cosine"}),
    },
    Export: {
        "source": at(*FILE, "source", "source"),
        "repeat": at(*FILE, "repeat", 1),
        "format": None,  # there is one
        "view": at(*FILE, "view", "left out"),
        "preprocessing": at(*FILE, "preprocessing", "left out"),
        "batch": at(*FILE, "batch", 8),
        "precision": at(*FILE, "precision", "int8"),
        "calibration": at(*FILE, "calibration", 64),
        "ranges": at(*FILE, "ranges", "entropy"),
        "checked": at(*FILE, "checked", 64),
        "tolerance": at(*FILE, "tolerance", 1e-3),
        "metrics": at(*FILE, "metrics", ["kappa"]),
        "limit": at(*FILE, "limit", {"metric": "kappa", "loss": 0.1}),
        "threshold": at(*FILE, "threshold", {"label": "V"}),
        "seed": at(*FILE, "seed", 5),
        "network": at("transfer", "net", "model", "mlp"),
    },
    Gating: {
        "gate": at("quality_gates", "clean", "threshold", 0.4),
        "network": at("transfer", "net", "model", "mlp"),
    },
    Report: {
        "title": at("title", "Another"),
        "studies": at("studies", {}),
        "stands_in": at("databases", "mitdb", "stands_in_for", "another"),
    },
}


def models():
    classes = set()
    for module in pkgutil.iter_modules(cardiograft.specs.__path__):
        loaded = importlib.import_module(f"cardiograft.specs.{module.name}")
        for _, one in inspect.getmembers(loaded, inspect.isclass):
            if issubclass(one, Entry) and one.__module__ == loaded.__name__:
                classes.add(one)
    # Not asked for by themselves: what all are, what several share, and plug-ins, whose options
    # are written beside their name.
    return classes - {Entry, Trained, Plugin}


def within(annotation):
    """Yield the entries that a type is made of."""
    if inspect.isclass(annotation) and issubclass(annotation, Entry):
        yield from (one for one in annotation.__mro__ if one in models() | {annotation})
        for field in annotation.model_fields.values():
            yield from within(field.annotation)
    for one in typing.get_args(annotation):
        yield from within(one)


WRITTEN = set(within(Config))  # entries of config, or in one, with all their keys
FIELDS = [(model, field) for model, changes in CHANGES.items() for field in changes]


def configured(change=None):
    config = copy.deepcopy(BASE)
    if change:
        change(config)
    return Config.model_validate(config)


def values(config, model, field):
    """Return a field's values in all specs of a model that a config's jobs are given."""
    specs = [config.spec("download", "mitdb"), config.spec("report", "")]
    specs += [config.spec("quality_gate", gate) for gate in config.quality_gates]
    specs += [config.spec("tabulate", study) for study in config.studies]
    specs += [config.spec("export", file) for file in config.export]
    for name, evaluation in config.evaluations.items():
        stage = "baseline" if evaluation.model == "majority" else "predict"
        specs += [config.spec(one, name) for one in ("audit", "score", stage)]
    specs += [one for spec in specs for one in [*getattr(spec, "lineage", ())]]
    specs += [row for spec in specs for row in getattr(spec, "rows", {}).values()]
    return [getattr(spec, field) for spec in specs if type(spec) is model]


def test_no_spec_is_forgotten():
    assert models() == {one for one in WRITTEN if one in models()} | set(CHANGES) | {Outside}
    assert set(Outside.model_fields) <= set(Source.model_fields)  # it is written as a source
    assert Adapting in WRITTEN
    for model, changes in CHANGES.items():
        assert set(changes) == set(model.model_fields), model


@pytest.mark.parametrize(("model", "field"), FIELDS, ids=lambda one: getattr(one, "__name__", one))
def test_a_field_follows_config(model, field):
    change = CHANGES[model][field]
    if (model, field) == (Export, "format"):
        return
    if change is None:
        other = configured().spec("download", "mitdb", content="other")
        assert getattr(other, field) == "other"
        return
    before, after = (values(configured(one), model, field) for one in (None, change))
    assert before
    assert after != before
