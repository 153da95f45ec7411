"""Entries of `apply`: a network by either kind of name, and what its job is given."""

import argparse
from pathlib import Path
from typing import Any

import pytest
from overlays import merged

from cardiograft.config.checks import load_config
from cardiograft.config.plan import Plan
from cardiograft.files import write_json
from cardiograft.shipped import catalogue
from cardiograft.use import apply_command

NETWORK = "mitdb-cnn-scratch-strict"


@pytest.fixture
def ward(tmp_path: Path) -> Path:
    folder = tmp_path / "ward"
    folder.mkdir()
    (folder / "a.hea").write_text("a 1 250 100\n")
    return folder


def plan(**entry: Any) -> Plan:
    return Plan(load_config(merged({"apply": {"ward": entry}})))


def test_its_arguments_are_the_commands(ward: Path) -> None:
    planned = plan(
        model=NETWORK,
        records=str(ward),
        lead={"MLII": ["II", "V5"]},
        mains_hz=60,
        rate_hz=250.0,
        lost="refused",
    )
    assert planned.applied_model("ward") == f"results/transfer/{NETWORK}/0/model.safetensors"
    assert planned.all_applied() == ["results/apply/ward"]
    parser = argparse.ArgumentParser()
    apply_command.add_arguments(parser)
    arguments = vars(parser.parse_args(["m", *planned.config.apply["ward"].words()]))
    given = {k: arguments[k] for k in ("records", "lead", "mains_hz", "rate_hz", "allow_refused")}
    assert given == {
        "records": [ward],
        "lead": ["MLII=II,V5"],
        "mains_hz": 60,
        "rate_hz": 250.0,
        "allow_refused": False,
    }
    assert "--allow-refused" in plan(model=NETWORK, records=str(ward)).config.apply["ward"].words()


def test_it_runs_again_when_a_recording_changes(ward: Path) -> None:
    entry = {"model": NETWORK, "records": str(ward)}
    before = plan(**entry).applied_content("ward")
    assert plan(**entry).applied_content("ward") == before
    (ward / "a.hea").write_text("a 1 250 101\n")
    assert plan(**entry).applied_content("ward") != before


def test_a_model_that_comes_along_is_one(
    ward: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(catalogue.HOME, str(tmp_path / "models"))
    files = {"tiny.safetensors": {"sha256": "0" * 64, "bytes": 1}}
    card = {"format": catalogue.FORMAT, "files": files}
    write_json(tmp_path / "models" / "tiny" / "card.json", card)
    planned = plan(model="tiny", records=str(ward))
    assert planned.applied_model("ward") == str(tmp_path / "models" / "tiny" / "tiny.safetensors")


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"model": "mitdb-cnn-scratch"}, r"apply\.ward\.model: no entry, and no model that comes"),
        ({"model": NETWORK, "repeat": 9}, r"apply\.ward\.repeat: 9: "),
        ({"model": "mitdb-majority-strict"}, r"apply\.ward\.model: .* is a baseline"),
        ({"model": NETWORK, "lost": "maybe"}, r"apply\.ward\.lost"),
        ({"model": NETWORK, "piece_s": 1}, r"apply\.ward\.piece_s"),
        ({"model": NETWORK, "form": "edf"}, r"unknown key 'form'"),
    ],
)
def test_what_can_not_be_is_said(ward: Path, entry: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        plan(records=str(ward), **entry)


def test_a_folder_that_is_not_there_is_said() -> None:
    with pytest.raises(FileNotFoundError, match=r"apply\.ward\.records: no folder 'none'"):
        plan(model=NETWORK, records="none")
