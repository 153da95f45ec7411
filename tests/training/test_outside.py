"""A transfer from weights that others have published: checked, read once, in the ledger."""

import importlib.util
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import scripts
import torch
from pydantic import ValidationError

from cardiograft.checkpoints.file import read_checkpoint
from cardiograft.config.weight_checks import check_weights
from cardiograft.files import file_digest
from cardiograft.fingerprint import ROOT
from cardiograft.models import openecg_codec
from cardiograft.records import Shape
from cardiograft.specs.outside import EXTRAS, Outside
from cardiograft.specs.transfer import Transfer

SMALL = {"width": 8, "patch": 4, "convolutions": 1, "transformers": 1, "kernel": 3}


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A file as openecg writes them, of a small codec."""
    torch.manual_seed(5)
    state = openecg_codec.build(Shape(1, 64, 0, (3,)), **SMALL).state_dict()
    own = {n.removeprefix("encoder."): t for n, t in state.items() if n.startswith("encoder.")}
    own["head_sample.weight"] = torch.zeros(4, 8)
    torch.save({"model_state": own, "epoch": 6}, tmp_path / "codec.pt")
    return tmp_path / "codec.pt"


def entry(file: Path, **source: Any) -> Transfer:
    given = {"file": str(file), "sha256": file_digest(file), "reader": "openecg", **source}
    return Transfer.model_validate(
        {
            "split": "toy",
            "model": {"name": "openecg_codec", **SMALL},
            "task": "classify",
            "sources": [given],
            "least": 1.0,
            "frozen": ["encoder"],
            "training": {"epochs": 1},
        }
    )


def read(spec: Transfer, file: Path, out: Path) -> Path:
    (source,) = spec.sources
    assert source.outside is not None
    scripts.load("outside").outside(source.outside, file, out)
    return out


def test_it_is_loaded_and_told_of_like_any_source(
    cohort: Any, published: Path, tmp_path: Path
) -> None:
    spec = entry(published)
    converted = read(spec, published, tmp_path / "codec.safetensors")
    out = cohort.job("transfer", spec, tmp_path / "out", sources_=[converted])
    ledger = json.loads((out / "ledger.json").read_text("utf-8"))
    assert ledger["share_of_mapped"] == 1.0
    assert {line["entry"] for line in ledger["tensors"] if line["state"] == "loaded"} == {
        "codec.pt"
    }
    source_of = {d["what"]: d["source"] for d in ledger["sources"][0]["differences"]}
    assert source_of["rate_hz"] == "500"
    assert source_of["leads"] == "unknown"
    before = torch.load(published, weights_only=True)["model_state"]
    after = read_checkpoint(out / "model.safetensors").tensors
    for name, tensor in before.items():
        if not name.startswith("head_sample"):
            assert torch.equal(after[f"encoder.{name}"], tensor)
    card = json.loads((out / "card.json").read_text("utf-8"))
    digest = file_digest(published)
    assert card["initialisation"] == f"weights of codec.pt from outside, SHA-256 {digest[:12]}"
    assert card["parents"][0]["file_sha256"] == digest
    assert card["parents"][0]["stage"] == "outside"


def test_without_a_source_the_card_says_random(cohort: Any, tmp_path: Path) -> None:
    spec = entry(Path(__file__)).model_copy(update={"sources": (), "frozen": ()})
    out = cohort.job("transfer", spec, tmp_path / "out", sources_=[])
    card = json.loads((out / "card.json").read_text("utf-8"))
    assert card["initialisation"] == "random weights"


def test_another_file_than_the_entry_says_is_refused(published: Path, tmp_path: Path) -> None:
    spec = entry(published, sha256="0" * 64)
    with pytest.raises(ValueError, match=r"its SHA-256 is [0-9a-f]{64}, the entry says 0{64}"):
        read(spec, published, tmp_path / "x.safetensors")
    assert not (tmp_path / "x.safetensors").exists()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            {"file": "x.pt"},
            "the file 'x.pt' needs its 'sha256' and a 'reader', one of cardiograft, openecg,",
        ),
        ({"file": "x.pt", "entry": "a"}, "a source is an 'entry', or a 'file' with its 'sha256'"),
        ({}, "a source is an 'entry', or a 'file' with its"),
        ({"entry": "a", "reader": "openecg"}, "are of a 'file', not of an 'entry'"),
        ({"file": "x.pt", "sha256": "12", "reader": "openecg"}, "sha256"),
        ({"file": "x.pt", "sha256": "0" * 64, "reader": "openegc"}, "Did you mean 'openecg'"),
    ],
)
def test_a_source_that_is_neither_or_both_is_refused(source: dict[str, str], message: str) -> None:
    whole = entry(Path(__file__)).model_dump(mode="json")
    with pytest.raises(ValidationError, match=message):
        Transfer.model_validate({**whole, "sources": [source]})


def test_a_file_of_a_package_is_found_there_without_importing_it() -> None:
    content = {"package": "pydantic", "file": "version.py", "sha256": "0" * 64}
    spec = Outside.model_validate({**content, "reader": "torch_state"})
    assert spec.path.name == "version.py"
    assert spec.path.is_file()
    none = spec.model_copy(update={"package": "no_such_package"})
    with pytest.raises(FileNotFoundError, match="the package 'no_such_package', of which"):
        _ = none.path


def test_a_file_of_a_part_of_a_package_is_found_without_importing_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "weighty" / "models"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").write_text("raise RuntimeError('imported')\n")
    (folder / "w.pt").write_bytes(b"")
    monkeypatch.syspath_prepend(tmp_path)
    content = {"package": "weighty.models", "file": "w.pt", "sha256": "0" * 64}
    spec = Outside.model_validate({**content, "reader": "torch_state"})
    assert spec.path == folder / "w.pt"


def test_the_packages_with_an_extra_are_those_of_the_project_file() -> None:
    content = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    extras = content["project"]["optional-dependencies"]
    assert all(extras[name][0].startswith(f"{name}==") for name in EXTRAS)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ({"file": "no/weights.pt"}, "no file 'no/weights.pt'"),
        ({"file": "x.pt", "package": "nobodys"}, "the package 'nobodys', of which x.pt is a file"),
        (
            {"file": "x.pt", "package": "nobodys.models"},
            "transfer.codec.source.package: the package 'nobodys', of which x.pt is a file",
        ),
        ({"file": "x.pt", "package": "openecg"}, "pip install 'cardiograft[openecg]'"),
        ({"file": "x.pt", "package": "openecg.models"}, "pip install 'cardiograft[openecg]'"),
        ({"file": "x.pt", "package": ".x"}, "source.package: '.x' is no name of a Python package"),
        ({"file": "x.pt", "package": "__main__"}, "the package '__main__', of which x.pt"),
    ],
)
def test_weights_that_are_not_there_are_said_before_any_job(
    published: Path, source: dict[str, str], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    absent = lambda name, *rest: None if name == "openecg" else find(name, *rest)  # noqa: E731
    monkeypatch.setattr(importlib.util, "find_spec", absent)
    check_weights({"codec": entry(published)})
    given = entry(published).model_dump(mode="json")
    given["sources"][0] |= source
    with pytest.raises((FileNotFoundError, ValueError), match=re.escape(says)):
        check_weights({"codec": Transfer.model_validate(given)})
