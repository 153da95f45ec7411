"""A folder of one's own goes to a report by the config that docs/own-recordings.md shows."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import own_folder
import pandas as pd
import pytest

from .conftest import House, lay

ROOT = Path(__file__).parents[2]
EXAMPLE = re.search(
    r"```yaml\n(# mine\.yaml\n.*?)```",
    (ROOT / "docs" / "own-recordings.md").read_text("utf-8"),
    flags=re.DOTALL,
)[1]  # type: ignore[index]


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> House:
    """The documents' example after its run."""
    house = lay(tmp_path_factory.mktemp("clinic"), {})
    shutil.copy(ROOT / "config.yaml", house.config)
    (house.root / "mine.yaml").write_text(EXAMPLE, "utf-8")
    own_folder.write(house.root / "recordings" / "clinic")
    house.snakemake("--configfile", "mine.yaml")
    return house


def shards(house: House) -> pd.DataFrame:
    parts = sorted((house.root / "results/segments/clinic-windows").glob("part-*"))
    return pd.concat([pd.read_parquet(part) for part in parts], ignore_index=True)


def test_what_can_be_used_is_and_the_rest_has_its_reason(clinic: House) -> None:
    manifest = json.loads((clinic.root / "results/manifests/clinic.json").read_text())
    rows = {row["name"]: row for row in manifest["records"]}
    good = {own_folder.name(p) for p in (1, 2, 3, 4, 6)} | {f"ward/{own_folder.name(5)}"}
    assert {name for name, row in rows.items() if row["status"] == "accepted"} == good
    assert {rows[own_folder.name(p)]["subject"] for p in (1, 2, 3)} == {"P01", "P02", "P03"}
    reasons = {name: row["reason"] for name, row in rows.items() if name not in good}
    assert reasons == {
        "P07_short": "truncated signal: P07_short.dat has 1000 of 246720 bytes",
        "P09_twice": "unreadable record: labels contradict: SR and AF at 10 s",
        "nobody": "no subject: '(P[0-9]+)_' is not in its name",
    }


def test_every_window_has_its_lead_its_unit_and_the_label_of_its_time(clinic: House) -> None:
    table = shards(clinic)
    assert set(table["dataset"]) == {"clinic"}
    assert set(table["subject"]) == {f"clinic/P{p:02d}" for p in range(1, 7)}
    start_s = table["start"] / own_folder.RATE_HZ
    expected = np.where(start_s < own_folder.SECONDS / 2, "SR", "AF")
    assert table["label"].tolist() == expected.tolist()
    for person, its in table.groupby(table["subject"].str[-2:].astype(int)):
        signal_NCT = np.stack(its["signal"]).reshape(len(its), 2, -1)
        rms_C = signal_NCT.std(axis=(0, 2))
        sizes = own_folder.amplitude(person) * np.array([0.2, 0.7])  # II and V1, in mV
        np.testing.assert_allclose(rms_C, sizes, rtol=0.1)
    first = table[table["subject"] == "clinic/P01"]
    at_s = first["start"] / own_folder.RATE_HZ
    low, high = own_folder.GAP_S
    assert not ((at_s + 4 > low + 0.01) & (at_s < high - 0.01)).any()


def test_the_report_names_what_was_left_out_and_why(clinic: House) -> None:
    page = (clinic.root / "results/report.html").read_text("utf-8")
    assert "labels contradict: SR and AF at 10 s" in page
    assert "no subject: &#39;(P[0-9]+)_&#39; is not in its name" in page
    assert "labels.csv: of 8 recordings 1 are not there" in page
    assert "clinic-cnn" in page
    assert "SHA256SUMS" not in page


def test_an_edited_label_reruns_what_hangs_on_it_and_the_rest_stays(clinic: House) -> None:
    assert clinic.plan("--configfile", "mine.yaml") == set()
    table = clinic.root / "recordings/clinic/labels.csv"
    text = table.read_text()
    table.write_text(text.replace("P02_rest,0,20,SR", "P02_rest,0,20,AF"))
    try:
        jobs = clinic.plan("--configfile", "mine.yaml")
    finally:
        table.write_text(text)
    assert {"download clinic", "segment clinic-windows", "split clinic-people"} <= jobs
    assert clinic.plan("--configfile", "mine.yaml") == set()


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("mirror: recordings", "mirror: simulated", "recordings of one's own, which are not sim"),
        ("path: recordings/clinic", "path: recordings/clinc", "no folder 'recordings/clinc'"),
        ("file: labels.csv", "file: labls.csv", "no table recordings/clinic/labls.csv"),
        ('      subject: {pattern: "(P[0-9]+)_"}', "      #", "folder.subject"),
        ('pattern: "(P[0-9]+)_"', 'pattern: "P[0-9]+_"', "has no group"),
        ('II: [MLII, "Lead II"]', "II: [MLII], I: [mlii]", "is to be 'II' and 'I'"),
        ("mains_hz: 50", "mains_hz: 55", "mains_hz"),
        ("dataset: wfdb_folder", "dataset: mitdb", "mitdb reads no folder of one's own"),
    ],
)
def test_a_mistake_is_one_line_before_any_job(clinic: House, old: str, new: str, line: str) -> None:
    assert old in EXAMPLE
    (clinic.root / "wrong.yaml").write_text(EXAMPLE.replace(old, new), "utf-8")
    shutil.move(clinic.root / "results", clinic.root / "away")
    try:
        done = clinic.snakemake("--dry-run", "--configfile", "wrong.yaml", check=False)
    finally:
        shutil.rmtree(clinic.root / "results", ignore_errors=True)
        shutil.move(clinic.root / "away", clinic.root / "results")
    assert done.returncode
    assert line in done.stderr
    assert "Traceback" not in done.stderr
