"""A recording that lacks a lead, or has several that would do: which was taken is said."""

from pathlib import Path
from typing import Any

import in_use
import numpy as np
import pytest

from cardiograft.files import read_json
from cardiograft.records import Float32
from cardiograft.segments import shards
from cardiograft.segments.cutting import CutSegments
from cardiograft.specs.own_folder import OwnFolder
from cardiograft.use.apply import Report, apply
from cardiograft.use.predictor import Predictor, spec_of

LEADS = {"leads": ["MLII|V5", "V1"], "scale": "zscore"}
SECONDS = 20


class Undecided(Predictor):
    """What gives two classes the same probability, whatever it is shown."""

    def predict(self, cut: CutSegments) -> Float32:
        return np.full((len(cut.start_N), 2), 0.5, np.float32)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Undecided:
    """A network of two leads, for the first of which another one would do."""
    folder = tmp_path_factory.mktemp("two")
    root = in_use.recordings(folder / "raw", 30.0)
    meta = shards.meta(in_use.cut("windows", root, folder / "shards", signal=LEADS))
    return Undecided(
        where="undecided",
        segments=meta,
        spec=spec_of(meta),
        kind="classes",
        labels=("A", "N"),
        outputs=(2,),
        simulated=True,
        scaled=False,
        digest="0",
    )


def used(network: Undecided, root: Path, names: list[str], **changes: Any) -> Report:
    """Apply it to a recording of such leads; one called `flat` never changes."""
    random = np.random.default_rng(0)
    signal_CT = random.standard_normal((len(names), SECONDS * 250))
    units = changes.pop("units", ["mV"] * len(names))
    for row, lead in enumerate(names):
        if lead.startswith("flat "):
            signal_CT[row] = 1.0
    own = [lead.removeprefix("flat ") for lead in names]
    in_use.write_wfdb(root, "P1", signal_CT, leads=own, units=units)
    folder = OwnFolder.model_validate({"path": ".", "subject": "record", "mains_hz": 50, **changes})
    report = apply(network, [root / "P1"], root / "out", folder=folder)
    summary = read_json(root / "out" / "summary.json")
    assert (summary["recordings"], summary["refused"]) == (report.taken, report.refused)
    return report


@pytest.mark.parametrize(
    ("leads", "lacking", "name"),
    [(["MLII", "V2"], "V1", "V1"), (["V1", "V2"], "MLII|V5", "MLII"), (["V5"], "V1", "V1")],
)
def test_one_lead_short_it_names_the_one_and_how_to_give_it(
    network: Undecided, leads: list[str], lacking: str, name: str, tmp_path: Path
) -> None:
    report = used(network, tmp_path, leads)
    assert report.refused["P1"] == (
        f"no lead {lacking} (it has {', '.join(leads)}): say which stands for it, as in"
        f" --lead '{name}=NAME'"
    )


@pytest.mark.parametrize(
    ("leads", "changes", "taken", "notes"),
    [
        (["MLII", "V5", "V1"], {}, "MLII+V1", []),
        (["V5", "V1"], {}, "V5+V1", []),
        (["flat MLII", "V5", "V1"], {}, "V5+V1", ["lead passed over: MLII never changes"]),
        (
            ["II", "V2", "V1"],
            {"leads": {"MLII": ["II", "V2"]}},
            "MLII+V1",
            ["lead by another name: II is taken as MLII"],
        ),
        (
            ["V2", "mlii", "MLII", "V1"],
            {},
            "MLII+V1",
            ["leads of one name: of 2 MLII, number 1 taken"],
        ),
        (
            ["flat mlii", "MLII", "V1"],
            {},
            "MLII (2)+V1",
            ["leads of one name: of 2 MLII, number 2 taken"],
        ),
    ],
)
def test_of_several_it_says_which_it_took(
    network: Undecided,
    leads: list[str],
    changes: dict[str, Any],
    taken: str,
    notes: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = used(network, tmp_path, leads, **changes)
    assert list(report.taken["P1"]["lead"]) == [taken]
    assert set(notes) <= set(report.taken["P1"]["notes"])
    assert bool(notes) == bool(report.taken["P1"]["notes"])
    printed = capsys.readouterr().err
    for words in (taken, *notes):
        assert words in printed


def test_a_lead_in_another_unit_is_not_taken_and_the_next_one_is(
    network: Undecided, tmp_path: Path
) -> None:
    report = used(network, tmp_path, ["MLII", "V5", "V1"], units=["mmHg", "mV", "uV"])
    assert list(report.taken["P1"]["lead"]) == ["V5+V1"]
    (note,) = report.taken["P1"]["notes"]
    assert note == "lead passed over: MLII: unit 'mmHg' can't become mV"


def test_without_any_unit_it_is_refused_until_it_is_said(
    network: Undecided, tmp_path: Path
) -> None:
    leads, units = ["MLII", "V1"], ["NU", "NU"]
    refused = used(network, tmp_path, leads, units=units).refused
    assert "NU" in refused["P1"]
