"""The target of SCG to ECG from a directory in PhysioNet's layout: by config alone."""

import json

import pandas as pd
import pytest
from overlays import content, merged

from cardiograft.datasets import cebsdb

pytestmark = pytest.mark.xdist_group("workflow")
RUN = "scg-cae-scratch-random"
SMALL = {
    "studies": ["scg_to_ecg"],
    "exports": [],
    "transfer": {
        "scg-cae-{init}-{split}": {
            "splits": {"random": {"training": {"epochs": 1}}},
            "model": {"widths": [8, 16], "code": 4},
            "repeats": 1,
        }
    },
    "prune": {"scg-cae-sparse-{sparsity}-{split}": None},  # of three repeats each
    "tables": {
        "scg_to_ecg": {
            "evaluations": [RUN],
            "comparisons": [],
            "shown": [],
            "curves": [],
        },
    },
}


def test_cebsdb_is_translated_from_a_folder_that_mirror_names(tiny, tmp_path):
    records = ("b001", "b002", "b003", "p001")
    cebsdb.simulate(tmp_path / "mirror/cebsdb/1.0.0", records, 0, duration_s=60)

    def point(config):
        config.clear()
        config.update(merged(content("paper"), SMALL))
        del config["studies"]  # whose files would lie on top: all is here
        config.update(mirror=str(tmp_path / "mirror"), results="results")

    tiny.configure(point)
    tiny.snakemake(f"results/scores/{RUN}/0.parquet")
    manifest = json.loads((tiny.root / "results/manifests/cebsdb.json").read_text())
    assert [r["name"] for r in manifest["records"]] == list(records)
    assert not manifest["simulated"]
    scores = pd.read_parquet(tiny.root / f"results/scores/{RUN}/0.parquet")
    known = scores.set_index(["metric", "part"])["value"]
    inputs = ("train", "test", "test, shuffled", "test, other", "test, phase")
    assert known["pearson"][list(inputs)].notna().all()
    assert -1 <= known["pearson", "test"] <= 1
