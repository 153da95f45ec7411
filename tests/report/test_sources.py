"""Licences and sources of what a run used."""

from importlib import metadata

import pytest

from cardiograft import plugins
from cardiograft.report.cells import Cell
from cardiograft.report.inputs import ReportInputs
from cardiograft.report.sections import sources

FORMATS = {"csv_folder", "edf_folder", "wfdb_folder", "image_folder", "fractals"}


def manifest(dataset: str, folder: str | None = None) -> dict[str, object]:
    return {"dataset": dataset, "version": "1.0.0", "simulated": False, "folder": folder}


@pytest.mark.parametrize("dataset", sorted(set(plugins.names("datasets")) - FORMATS))
def test_every_data_set_says_its_licence_and_its_source(dataset: str) -> None:
    table, _ = sources.section(ReportInputs(studies=[], manifests={"x": manifest(dataset)}))
    ((_, licence, source),) = table.rows
    assert str(licence).startswith(("ODC-By 1.0", "CC BY"))
    assert any(part in str(source) for part in ("doi:", "https://doi.org", "physionet.org"))
    assert str(licence) not in str(source)


def test_own_recordings_are_not_given_a_licence() -> None:
    manifests = {
        "mine": manifest("wfdb_folder", folder="recordings"),
        "gone": manifest("no_plug_in"),
    }
    table, _ = sources.section(ReportInputs(studies=[], manifests=manifests))
    assert [list(row)[1:] for row in table.rows] == [
        [sources.OWN, "–"],
        [sources.UNSAID, "–"],
    ]
    assert isinstance(table.rows[0][0], Cell)


@pytest.mark.parametrize("library", sorted(set(sources.SOFTWARE) - {"python"}))
def test_licences_of_libraries_are_those_that_they_state(library: str) -> None:
    about = metadata.metadata(library)
    stated = " ".join(
        str(about.get(key, "")) for key in ("License-Expression", "License")
    ) + " ".join(about.get_all("Classifier") or [])
    licence = sources.SOFTWARE[library][0]
    words = {"BSD-3-Clause": "BSD", "Apache-2.0": "Apache", "MIT": "MIT"}
    assert words[licence] in stated


def test_versions_are_those_behind_the_models() -> None:
    cards = {
        ("transfer", "a", str(k)): {"versions": {"torch": version}}
        for k, version in enumerate(("2.13.0", "2.12.0", "2.13.0"))
    }
    _, table = sources.section(ReportInputs(studies=[], cards=cards))
    versions = {str(row[0]): row[1] for row in table.rows}
    assert versions["torch"] == "2.12.0, 2.13.0"
    assert versions["scipy"] == "not recorded"
