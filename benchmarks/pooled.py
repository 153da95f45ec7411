"""Figures of cross-validated runs, the folds of each pooled.

A run is told from its folds by name: `<run>-0`, `<run>-1` ... Each repeat is pooled by itself;
what is printed is the mean over repeats.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from cardiograft import predictions, scoring
from cardiograft.predictions import Predictions
from cardiograft.specs.score import Score

METRICS = ("accuracy", "macro_f1", "jkappa", "sensitivity", "positive_predictivity")


def pooled(folds: Iterable[Predictions]) -> Predictions:
    """Return the folds' predictions as those of one run."""
    folds = list(folds)
    columns = ("id_N", "subject_N", "part_N", "target", "score_NK")
    joined = {c: np.concatenate([getattr(fold, c) for fold in folds]) for c in columns}
    if len(set(joined["id_N"].tolist())) != len(joined["id_N"]):
        raise ValueError("a segment is in two folds")
    return Predictions(kind=folds[0].kind, labels=folds[0].labels, **joined)


def main() -> None:
    """Print a line a run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="results/<...>/predictions")
    runs: dict[str, dict[str, list[Path]]] = defaultdict(lambda: defaultdict(list))
    for path in sorted(parser.parse_args().folder.glob("*-[0-9]*/*.parquet")):
        runs[path.parent.name.rpartition("-")[0]][path.stem].append(path)
    asked = Score.model_validate({"metrics": METRICS}).metrics
    lines = {}
    for run, repeats in runs.items():
        found = [
            scoring.score(pooled(map(predictions.read, files)), asked) for files in repeats.values()
        ]
        whole = pd.concat(found).groupby(["metric", "class"], sort=False)["value"].mean()
        folds = {len(files) for files in repeats.values()}
        lines[run] = {
            "folds": "/".join(map(str, sorted(folds))),
            "repeats": len(repeats),
            **{" ".join(k).strip(): f"{v:.3f}" for k, v in whole.items()},
        }
    print(pd.DataFrame(lines).T.to_string())


if __name__ == "__main__":
    main()
