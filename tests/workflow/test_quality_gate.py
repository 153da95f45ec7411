"""A quality gate from recordings to the report: what it drops, what reruns, and a leak by it."""

import copy
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cardiograft.files import read_json

from .conftest import House, copied, lay

pytestmark = pytest.mark.xdist_group("gate")

WINDOWS = {"name": "windows", "window_s": 5}
LEARNED = {"model": {"name": "cnn"}, "training": {"epochs": 3, "batch_size": 16}}
RHYTHM = {**LEARNED, "task": {"name": "classify", "labels": ["A", "N", "O"]}}
PEOPLE = {"scheme": "subject", "protocol": "honest", "test": 0.3, "drop_labels": ["~"]}
EVALUATE = {"metrics": ["f1", "macro_f1"], "missing": "allowed", "chosen_on": "untuned"}
CONFIG = {
    "mirror": "simulated",
    "databases": {
        "mitdb": {"records": ["101", "106", "119", "208", "200"], "simulate": {"duration_s": 120}},
        "nstdb": {"records": ["em", "ma"], "simulate": {"duration_s": 300}},
        "challenge_2017": {"records": 48, "simulate": {"even": True}},
    },
    "segments": {
        "mixtures": {
            "database": "mitdb",
            "signal": {"leads": ["MLII|V5"], "scale": "zscore"},
            "rate_hz": 100,
            "cut": WINDOWS,
            "noise": {
                "database": "nstdb",
                "shares": {"clean": 2, "em": 1, "ma": 1},
                "ratios_db": [-6, 20],
            },
            "label": {"name": "added_noise", "low_below_db": 6, "high_from_db": 12},
        },
        "windows": { # longer than what the network of quality knows, and filtered
            "database": "challenge_2017",
            "signal": {"leads": ["ECG"], "filter": {"low_hz": 0.5}, "scale": "zscore"},
            "rate_hz": 100,
            "cut": {"name": "windows", "window_s": 10, "short": "padded"},
            "label": "challenge_2017",
        },
        "pieces": {
            "database": "challenge_2017",
            "signal": {"leads": ["ECG"], "scale": "zscore"},
            "rate_hz": 100,
            "cut": WINDOWS,
        },
    },
    "quality_gates": {"usable": {"segments": "windows", "judged": "pieces", "model": "quality"}},
    "splits": {
        "mixed": {"segments": ["mixtures"], "scheme": "subject", "protocol": "honest", "test": 0.0},
        "all": {"segments": ["windows"], **PEOPLE},
        "gated": {"segments": ["usable"], **PEOPLE},
        "others": {"segments": ["windows"], **PEOPLE, "seed": 1}, # other people are tested
    },
    "transfer": {
        "quality": {
            "split": "mixed",
            "model": "cnn",
            "task": {"name": "classify", "labels": ["high", "low"]},
            "training": {"epochs": 12, "batch_size": 16, "class_weights": "balanced"},
        },
        "plain": {"split": "all", **RHYTHM, "tags": {"gate": "none"}, "evaluate": EVALUATE},
        "usable": {
            "split": "gated",
            **RHYTHM,
            "tags": {"gate": "training"},
            "evaluate": {**EVALUATE, "split": "all"},
        },
        "elsewhere": {"split": "others", **RHYTHM},
    },
    "tables": {
        "own_recordings": {
            "evaluations": ["plain", "usable"],
            "primary": "macro_f1",
            "comparisons": [{"tag": "gate", "of": "training", "to": "none"}],
            "draws": 100,
        }
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def gated(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A tiny workflow with a gate, after its first run."""
    house = lay(tmp_path_factory.mktemp("gate"), copy.deepcopy(CONFIG))
    house.snakemake("--cores", "2")
    return house


def test_what_the_gate_drops_is_counted_and_the_rest_is_split(gated: House) -> None:
    results = gated.root / "results"
    before = read_json(results / "segments/windows/summary.json")
    after = read_json(results / "quality_gates/usable/summary.json")
    rows = after["quality_gate"]["counts"]
    assert {row["database"] for row in rows} == {"challenge_2017"}
    assert {row["label"]: row["segments"] for row in rows} == before["labels"]
    assert sum(row["kept"] for row in rows) == after["segments"] < before["segments"]
    low = {row["label"]: row["low"] / row["segments"] for row in rows}
    assert low["~"] > max(low[label] for label in "ANO")  # it finds the noisy ones
    parts = read_json(results / "splits/gated.audit.json")["counts"]
    assert sum(counts["segments"] for counts in parts.values()) == after["segments"]
    audit = read_json(results / "audits/usable.json")
    assert [f["ancestor"] for f in audit["findings"]] == [
        "usable",
        "quality of the quality gate usable",
    ]
    card = json.loads((results / "transfer/usable/0/card.json").read_text("utf-8"))
    assert list(card["data"]) == ["usable"]
    page = (results / "report.html").read_text("utf-8")
    assert "Quality gates: segments that a network lets pass" in page
    assert "the mean of its pieces of pieces" in page


def test_what_reruns(gated: House, tmp_path: Path) -> None:
    house = copied(gated, tmp_path)
    assert house.plan() == set()
    house.configure(lambda c: c["quality_gates"]["usable"].update(threshold=0.4))
    scored = {"tabulate own_recordings", "cost own_recordings", "report"}
    own = {f"{stage} usable 0" for stage in ("transfer", "predict", "score")}
    assert house.plan() == {"quality_gate usable", "split gated", "audit usable", *own, *scored}


def test_a_gate_beside_them_reruns_nothing(gated: House, tmp_path: Path) -> None:
    house = copied(gated, tmp_path)
    another = {"segments": "windows", "judged": "pieces", "model": "quality", "low": "thinned"}
    house.configure(lambda c: c["quality_gates"].update(another=another))
    assert house.plan() == set()


def test_a_gate_that_has_seen_tested_people_is_a_leak(gated: House, tmp_path: Path) -> None:
    house = copied(gated, tmp_path)
    change: Callable[[dict], None] = lambda c: c["quality_gates"]["usable"].update(  # noqa: E731
        model="elsewhere", judged="windows", label="A", threshold=0.99
    )
    house.configure(change)
    done = house.snakemake("results/audits/usable.json", check=False)
    assert done.returncode
    output = done.stdout + done.stderr
    assert "transfer 'elsewhere of the quality gate usable' (split 'others') used" in output
    assert "test subjects of 'all'" in output
    assert not (house.root / "results/audits/usable.json").exists()
