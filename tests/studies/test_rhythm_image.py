"""The rhythm study's runs from weights of photographs: config, transfer, what the report says."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import scripts
import torch
from overlays import content, merged

from cardiograft.checkpoints.file import read_checkpoint
from cardiograft.config.checks import load_config
from cardiograft.config.plan import Plan
from cardiograft.config.schema import Config
from cardiograft.evaluation import predictions
from cardiograft.files import file_digest
from cardiograft.models import googlenet
from cardiograft.records import Shape
from cardiograft.report.cells import Cell
from cardiograft.report.inputs import Study
from cardiograft.report.run_names import RunNames
from cardiograft.report.sections.results import overall_tables
from cardiograft.specs.predict import Predict
from cardiograft.specs.tabulate import Tabulate
from cardiograft.specs.transfer import Transfer
from cardiograft.tables.initialisations import initialisations
from cardiograft.tables.runs import read_run


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file shaped as torchvision's, of random numbers: no photograph was seen."""
    torch.manual_seed(7)
    theirs = googlenet.build(Shape(3, 64, 0, (1000,), rows=64)).state_dict()
    state = {
        name.removeprefix("encoder.").replace("head.", "fc."): tensor
        for name, tensor in theirs.items()
    }
    state |= {"aux1.fc1.weight": torch.zeros(3), "aux2.conv.conv.weight": torch.zeros(3)}
    file = tmp_path_factory.mktemp("weights") / "googlenet-1378be20.pth"
    torch.save(state, file)
    return file


def config(file: Path, **more: Any) -> Config:
    here = {"file": str(file), "sha256": file_digest(file)}
    own = {"mirror": "simulated", "presets": {"photographs": here}}
    return load_config(merged(content("image"), own, more))


def test_without_the_files_hash_nothing_is_planned() -> None:
    with pytest.raises(ValueError, match=r"googlenet-1378be20.pth' needs its 'sha256'"):
        load_config(merged(content("image"), {"mirror": "simulated"}))
    absent = {"presets": {"photographs": {"sha256": "0" * 64}}, "mirror": "simulated"}
    with pytest.raises(FileNotFoundError, match=r"source.file: no file 'weights/googlenet"):
        Plan(load_config(merged(content("image"), absent)))


def test_the_papers_run_stands_beside_its_values_and_fair_ones_beside_it(
    photographs: Path,
) -> None:
    loaded = config(photographs)
    for percent in ("100", "50", "25"):
        paper = loaded.transfer[f"rhythm-image-paper-{percent}"]
        assert (paper.split, paper.frozen, paper.least) == ("rhythm-paper", ("encoder",), 1.0)
        assert (paper.training.keep, paper.training.learning_rate) == ("best_test", 0.005)
        starts = {
            name: loaded.transfer[f"rhythm-{name}-{percent}"]
            for name in ("image", "image-tuned", "picture-random", "picture-random-frozen")
        }
        assert {run.split for run in starts.values()} == {f"rhythm-{percent}"}
        sources = {name: bool(run.sources) for name, run in starts.items()}
        assert sources == {
            "image": True,
            "image-tuned": True,
            "picture-random": False,
            "picture-random-frozen": False,
        }
        frozen = [name for name, run in starts.items() if run.frozen]
        assert frozen == ["image", "picture-random-frozen"]
    (outside,) = loaded.outside.values()
    assert outside.reader.name == "torchvision_googlenet"
    assert Plan(loaded).outside(outside.key) == str(photographs)


@pytest.fixture(scope="module")
def trained(cohort: Any, photographs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two networks of pictures, of the overlay's kind but small: from the file, and not."""
    folder = tmp_path_factory.mktemp("trained")
    run = config(photographs).transfer["rhythm-image-25"]
    (source,) = run.sources
    assert source.outside is not None
    scripts.load("outside").outside(source.outside, photographs, folder / "w.safetensors")
    view = {"name": "spectrogram", "window_s": 0.12, "height": 32, "width": 32}
    small = {"view": view, "task": "classify", "split": "toy", "model": "googlenet"}
    small |= {"training": {"epochs": 1, "batch_size": 64}, "frozen": list(run.frozen)}
    given = {**small, "sources": [source.model_dump(mode="json")], "least": run.least}
    for name, spec, files in (
        ("image", given, [folder / "w.safetensors"]),
        ("random", {**small, "frozen": []}, []),
    ):
        out = folder / "transfer" / name / "0"
        cohort.job("transfer", Transfer.model_validate(spec), out, sources_=files)
    return folder


def test_all_of_the_encoder_is_the_files_and_stays_so(trained: Path, photographs: Path) -> None:
    out = trained / "transfer" / "image" / "0"
    ledger = json.loads((out / "ledger.json").read_text("utf-8"))
    assert ledger["share_of_mapped"] == 1.0
    after = read_checkpoint(out / "model.safetensors").tensors
    for name, tensor in torch.load(photographs, weights_only=True).items():
        if not name.startswith(("fc.", "aux")):
            assert torch.equal(after[f"encoder.{name}"], tensor), name  # running means too
    card = json.loads((out / "card.json").read_text("utf-8"))
    assert card["initialisation"] == (
        f"weights of googlenet-1378be20.pth from outside, SHA-256 {file_digest(photographs)[:12]}"
    )


def test_the_report_says_below_each_run_what_its_network_began_from(
    trained: Path, cohort: Any, tmp_path: Path
) -> None:
    files, rows, cards = {}, {}, []
    for name in ("image", "random"):
        folder = trained / "transfer" / name / "0"
        cards.append(json.loads((folder / "card.json").read_text("utf-8")))
        spec = Predict.model_validate(
            {k: cards[-1]["spec"][k] for k in ("model", "view", "task", "split")}
        )
        files[f"my-{name}"] = [tmp_path / f"my-{name}" / "0.parquet"]
        scripts.load("predict").predict(
            spec, [cohort.segments], cohort.honest, folder, files[f"my-{name}"][0]
        )
        tags = {"init": "image"}  # whatever a tag says
        rows[f"my-{name}"] = {
            **{"members": [f"my-{name}"], "protocol": "honest", "split": "s", "repeats": 1},
            **{"simulated": True, "tags": tags, "metrics": ["accuracy"]},
        }
    given = {"study": "rhythm_cae", "rows": rows, "primary": "accuracy"}
    study_spec = Tabulate.model_validate(given)
    runs = [read_run(name, row, files) for name, row in study_spec.rows.items()]
    began = initialisations(runs, cards)
    assert began["my-random"] == "random weights"
    assert began["my-image"].startswith("weights of googlenet-1378be20.pth from outside, SHA-256 ")
    assert began["my-image"].endswith(", encoder frozen")
    assert initialisations(runs, []) == {}
    saved = predictions.read(files["my-image"][0])
    assert saved.about["weights_sha256"] == cards[0]["weights_sha256"]
    score = {"part": "test", "class": "", "metric": "accuracy", "protocol": "honest", "split": "s"}
    score |= {
        "repeats": "1",
        "segments": "8",
        "subjects": "3",
        "value": "0.5",
        "low": "",
        "high": "",
    }
    score |= {"spread": "", "simulated": "True", "missing_classes": ""}
    frame = pd.DataFrame([{"run": name, "tag_init": "image", **score} for name in files])
    about = {
        "primary": "accuracy",
        "headline": [],
        "metrics": {"accuracy": {"title": "Accuracy", "percent": True, "composite": False}},
        "began": began,
    }
    study = Study("rhythm_cae", about, {"scores": frame})
    names = RunNames((), by_run={name: name for name in files})
    (table,) = overall_tables(study, names)
    lines = [row[0].small for row in table.rows if isinstance(row[0], Cell)]
    assert lines == [f"my-image · from {began['my-image']}", "my-random · from random weights"]
