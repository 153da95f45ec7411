"""CSV and EDF folders go to shards by config alone, and hold what a WFDB folder of them holds."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import own_folder
import pandas as pd
import pytest
import yaml

from .conftest import lay
from .test_own_folder import EXAMPLE

PEOPLE = (1, 2, 4)  # a gap, a lead called MLII, microvolts


def write_csv(folder: Path, person: int, signal_TC: np.ndarray, leads: list[str]) -> None:
    scale, unit = (1000.0, "uV") if person == 4 else (1.0, "mV")
    heads = [f"{lead} [{unit}]" for lead in leads]
    pd.DataFrame(scale * signal_TC, columns=heads).to_csv(
        folder / f"{own_folder.name(person)}.csv", index=False
    )


def write_edf(folder: Path, person: int, signal_TC: np.ndarray, leads: list[str]) -> None:
    library = pytest.importorskip("pyedflib", reason="pyedflib reads EDF files: extra `edf`")
    scale, unit = (1000.0, "uV") if person == 4 else (1.0, "mV")
    heads = [
        {
            "label": f"ECG {lead}",
            "dimension": unit,
            "sample_frequency": own_folder.RATE_HZ,
            "physical_min": -10 * scale,
            "physical_max": 10 * scale,
            "digital_min": -32768,
            "digital_max": 32767,
        }
        for lead in leads
    ]
    with library.EdfWriter(str(folder / f"{own_folder.name(person)}.edf"), len(leads)) as file:
        file.setSignalHeaders(heads)
        # EDF has no missing samples
        file.writeSamples([np.nan_to_num(scale * s_T) for s_T in signal_TC.T.copy()])


KINDS: dict[str, Callable[[Path, int, np.ndarray, list[str]], None]] = {
    "csv_folder": write_csv,
    "edf_folder": write_edf,
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_goes_to_shards(tmp_path: Path, kind: str) -> None:
    house = lay(tmp_path, {})
    folder = house.root / "recordings" / "clinic"
    folder.mkdir(parents=True)
    for person in PEOPLE:
        signal_TC = own_folder.signal(person)
        leads = ["MLII" if lead == "II" and person == 2 else lead for lead in own_folder.LEADS]
        if person == 1 and kind == "csv_folder":
            signal_TC[slice(*(round(s * own_folder.RATE_HZ) for s in own_folder.GAP_S))] = np.nan
        KINDS[kind](folder, person, signal_TC, leads)
    (folder / "labels.csv").write_text(labels(), "utf-8")
    house.config.write_text(yaml.safe_dump(config(kind)), "utf-8")
    house.snakemake("results/segments/clinic-windows")
    parts = sorted((house.root / "results/segments/clinic-windows").glob("part-*"))
    table = pd.concat([pd.read_parquet(part) for part in parts], ignore_index=True)
    start_s = table["start"] / own_folder.RATE_HZ
    expected = np.where(start_s < own_folder.SECONDS / 2, "SR", "AF")
    assert table["label"].tolist() == expected.tolist()
    assert set(table["subject"]) == {f"clinic/P{p:02d}" for p in PEOPLE}
    for person, its in table.groupby(table["subject"].str[-2:].astype(int)):
        rms_C = np.stack(its["signal"]).reshape(len(its), 2, -1).std(axis=(0, 2))
        sizes = own_folder.amplitude(person) * np.array([0.2, 0.7])  # II and V1, in mV
        np.testing.assert_allclose(rms_C, sizes, rtol=0.1)
    windows = table.groupby("subject").size()
    assert windows["clinic/P02"] == windows["clinic/P04"] == 10
    # Cut anew after the gap, a window lies across the change of rhythm, and the last one is short.
    assert windows["clinic/P01"] == (8 if kind == "csv_folder" else 10)


def labels() -> str:
    half = own_folder.SECONDS // 2
    rows = ["recording,from,to,rhythm"]
    for person in PEOPLE:
        name = own_folder.name(person)
        rows += [f"{name},0,{half},SR", f"{name},{half},,AF"]
    return "\n".join(rows) + "\n"


def config(kind: str) -> dict[str, object]:
    """Return the documents' example for another kind of folder."""
    content: dict[str, object] = yaml.safe_load(EXAMPLE)
    clinic = content["databases"]["clinic"]  # type: ignore[index]
    clinic["dataset"] = kind
    if kind == "csv_folder":
        clinic["folder"]["rate_hz"] = own_folder.RATE_HZ
    return content
