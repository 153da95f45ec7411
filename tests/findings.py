"""Everything a report reads, written below a folder from made-up predictions."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scripts import load
from synthetic import cards, study, written

from cardiograft.specs.score import Score
from cardiograft.specs.tabulate import Tabulate

tabulate, score = load("tabulate"), load("score")
LISTS = ("tables", "manifests", "segments", "splits", "audits", "cards", "histories", "ledgers")


def write(
    folder: Path,
    *,
    spec: Tabulate | None = None,
    record: str = "100",
    simulated: bool = True,
    torch: tuple[str, ...] = ("2.13.0",),
) -> dict[str, list[Path]]:
    """Return the report's inputs; `record` is the name of a recording that was quarantined."""
    spec = spec or study(simulated=simulated)
    files = written(spec, folder)
    scores = []
    for file in files:
        scores.append(folder / "scores" / file.parent.name / file.name)
        score.score(Score(metrics=spec.rows[file.parent.name].metrics), file, scores[-1])
    made = cards(spec, folder, torch=torch)
    tables = folder / "tables" / "transform_recognition"
    tabulate.tabulate(spec, files, scores, made, tables)
    return {
        "tables": [tables],
        "manifests": [_json(folder / "manifests" / "mitdb.json", _manifest(record, simulated))],
        "segments": [
            _json(folder / "segments" / "mitdb-beats" / "summary.json", _summary(simulated)).parent
        ],
        "splits": [
            _json(folder / "splits" / f"{name}.audit.json", audit) for name, audit in SPLITS.items()
        ],
        "audits": [
            _json(folder / "audits" / f"{name}.json", _lineage(name, row.protocol, row.split))
            for name, row in spec.rows.items()
        ],
        "cards": made,
        "histories": [
            _history(card.with_name("history.parquet"), k) for k, card in enumerate(made)
        ],
        "ledgers": [
            _json(card.with_name("ledger.json"), _ledger())
            for card in made
            if "pretext" in card.parts[-3] and card.parts[-4] == "transfer"
        ],
    }


def _json(path: Path, content: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


def _manifest(record: str, simulated: bool) -> dict[str, Any]:
    rows = [
        {
            "name": str(200 + k),
            "subject": str(200 + k),
            "status": "accepted",
            "reason": None,
            "leads": ["MLII", "V5"],
            "rate_hz": 360.0,
            "samples": 650_000,
        }
        for k in range(14)
    ]
    left = {**rows[0], "name": record, "status": "quarantined", "reason": f"{record}: truncated"}
    files = [{"path": f"{r['name']}.dat", "bytes": 1_950_000, "verified": True} for r in rows]
    return {
        "dataset": "mitdb",
        "slug": "mitdb",
        "version": "1.0.0",
        "simulated": simulated,
        "root": "data/simulated/mitdb/1.0.0",
        "content": "published",
        "digest": "5e1f" * 16,
        "files": files,
        "refused": [],
        "records": [*rows, left],
    }


def _summary(simulated: bool) -> dict[str, Any]:
    return {
        "segments": 17_940,
        "dropped": {"flat": 3, "past the end": 14},
        "records": 14,
        "left_out": {},
        "labels": {"F": 142, "N": 14_810, "Q": 1_294, "S": 456, "V": 1_238},
        "subjects": 14,
        "simulated": simulated,
        "manifest_digest": "5e1f" * 16,
    }


def _counts(train: int, validation: int, test: int, out: int) -> dict[str, Any]:
    return {
        part: {"segments": n, "subjects": min(n, 14), "labels": {"N": n}}
        for part, n in zip(
            ("train", "validation", "test", "out"), (train, validation, test, out), strict=True
        )
    }


PAPER_FINDINGS = {
    "protocol": "paper",
    "passed": False,
    "findings": {
        "subjects_on_both_sides": 14,
        "near_duplicates": 211,
        "overlapping_windows": 1_702,
    },
    "examples": {
        "subjects_on_both_sides": [{"subject": "mitdb/201", "parts": ["test", "train"]}],
        "near_duplicates": [],
        "overlapping_windows": [],
    },
}
SPLITS: dict[str, dict[str, Any]] = {
    "mitdb-paper": {**PAPER_FINDINGS, "counts": _counts(16_146, 0, 1_794, 0)},
    "mitdb-pretext": {**PAPER_FINDINGS, "counts": _counts(14_352, 0, 3_588, 0)},
    "mitdb-strict": {
        "protocol": "honest",
        "passed": True,
        "findings": dict.fromkeys(PAPER_FINDINGS["findings"], 0),
        "examples": {},
        "counts": _counts(6_420, 1_630, 7_850, 2_040),
    },
}


def _lineage(name: str, protocol: str, split: str) -> dict[str, Any]:
    used = 14 if protocol == "paper" else 0
    finding = {
        "ancestor": name,
        "stage": "transfer",
        "split": split,
        "uses": ["train", "validation"],
        "subjects": used,
        "segments": 0,
        "chosen_on_test": False,
        "examples": [],
    }
    return {
        "protocol": protocol,
        "split": split,
        "parts": ["test"],
        "subjects": 14,
        "segments": 1_260,
        "passed": not used,
        "findings": [finding],
    }


def _history(path: Path, k: int) -> Path:
    generator = np.random.default_rng(k)
    rows = []
    for epoch in range(1, 21):
        for part, floor in (("train", 0.05), ("validation", 0.16)):
            loss = floor + 0.8 * np.exp(-epoch / 4) + 0.015 * generator.normal()
            rows += [
                (epoch, 100 * epoch, part, "loss", loss),
                (epoch, 0, part, "accuracy", 1 - loss),
            ]
    pd.DataFrame(rows, columns=["epoch", "step", "part", "metric", "value"]).to_parquet(path)
    return path


def _ledger() -> dict[str, Any]:
    line = {"shape": [32, 1, 1, 5], "parameters": 160, "state": "loaded", "why": ""}
    origin = {"entry": "pretext-cnn-paper", "source": "encoder.first.weight"}
    head = {"shape": [5, 32], "parameters": 160, "state": "skipped", "why": "no source"}
    return {
        "parameters": 320,
        "mapped": 160,
        "loaded": 160,
        "share_of_mapped": 1.0,
        "share_of_all": 0.5,
        "tensors": [
            {"tensor": "encoder.first.weight", **line, **origin},
            {"tensor": "head.weight", **head, "entry": "", "source": ""},
        ],
    }
