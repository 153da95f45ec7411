"""The whole graph, run: the same bytes however many jobs at once, and a page that stands alone."""

import json
import re

import pytest

pytestmark = pytest.mark.xdist_group("workflow")
MODELS = [
    "results/prune/pruned/0/model.safetensors",
    "results/transfer/grafted/0/model.safetensors",
    "results/transfer/scratch/0/model.safetensors",
]


def test_eight_jobs_at_once_each_in_its_own_python_give_the_bytes_of_one(
    finished, tiny, monkeypatch
):
    """`finished` ran with --cores 1, its jobs as forks of one interpreter."""
    monkeypatch.setenv("CARDIOGRAFT_WARM", "0")
    tiny.snakemake("--cores", "8", *MODELS)
    for model in MODELS:
        assert (tiny.root / model).read_bytes() == (finished.root / model).read_bytes(), model


def test_lint(finished):
    done = finished.snakemake("--lint")
    assert "good condition" in done.stdout + done.stderr


def test_the_page_stands_alone(finished):
    page = (finished.root / "results/report.html").read_text("utf-8")
    assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//[^"']*\.(?:js|css|woff2?|png)""", page)
    assert "<script src" not in page
    assert "Simulated data" in page


def test_no_stage_left_anything_half_done(finished):
    results = finished.root / "results"
    assert not list(results.rglob("*.partial"))
    assert not [f for f in (results / ".state").rglob("*") if f.is_file()]


def test_the_ledger_of_the_graft(finished):
    ledger = json.loads((finished.root / "results/transfer/grafted/0/ledger.json").read_text())
    assert ledger


def test_cards_name_their_parents(finished):
    card = json.loads((finished.root / "results/transfer/grafted/0/card.json").read_text())
    source = json.loads((finished.root / "results/prune/pruned/0/card.json").read_text())
    assert source["weights_sha256"] in json.dumps(card["parents"])


def test_a_leaking_honest_run_stops(tiny):
    """201 and 202 are one person: plain DS1/DS2 puts them on both sides."""

    def leak(config):
        config["databases"]["mitdb"]["records"] = ["101", "201", "202", "200"]
        config["splits"]["strict"].update(scheme="dechazal", validation=0)

    tiny.configure(leak)
    done = tiny.snakemake("results/splits/strict.parquet", check=False)
    assert done.returncode != 0
    assert "mitdb/201" in done.stdout + done.stderr
    assert not (tiny.root / "results/splits/strict.parquet").exists()
