"""A metric where each fold's manner of training is chosen by the people of the other folds.

    python benchmarks/chosen_by_others.py results/calibration scg-unet-tuned- --metric pearson

Prints, of runs named <beginning><manner>-<fold>, each manner's mean over people, what every fold's
choice is, and the mean over people of what was chosen for them without them. People are drawn again
and every draw chooses anew, so that its interval holds the choice.

Legend: P people, M manners.
"""

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from cardiograft import plugins
from cardiograft.evaluation import predictions, scoring
from cardiograft.records import Float64
from cardiograft.specs.entry import MetricSpec

DRAWS, LEVEL = 2000, 0.95


def by_person(results: Path, beginning: str, metric: MetricSpec) -> pd.DataFrame:
    """Return person, fold, manner and value: the mean of the repeats'."""
    rows = []
    for file in sorted((results / "predictions").glob(f"{beginning}*/*.parquet")):
        manner, _, fold = file.parent.name.removeprefix(beginning).rpartition("-")
        saved = predictions.read(file)
        (value_P,) = scoring.values(metric, scoring.additive(saved, metric), saved.labels).values()
        people = np.unique(saved.subject_N)
        rows += [(p, fold, manner, v) for p, v in zip(people, value_P, strict=True)]
    if not rows:
        raise SystemExit(f"{results / 'predictions'}: no run begins with {beginning!r}")
    table = pd.DataFrame(rows, columns=["person", "fold", "manner", "value"])
    return table.groupby(["person", "fold", "manner"], as_index=False)["value"].mean()


def chosen_by_others(
    value_PM: Float64, fold_P: npt.NDArray[np.str_]
) -> tuple[float, dict[str, int]]:
    """Return the mean over people, and the manner that each fold's others have chosen."""
    choice = {}
    mean_P = np.empty(len(value_PM))
    for fold in np.unique(fold_P):
        own_P = fold_P == fold
        choice[str(fold)] = int(value_PM[~own_P].mean(0).argmax())
        mean_P[own_P] = value_PM[own_P, choice[str(fold)]]
    return float(mean_P.mean()), choice


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("beginning")
    parser.add_argument("--metric", default="pearson")
    given = parser.parse_args()
    if plugins.constants("metrics", given.metric)["LOWER_IS_BETTER"]:
        raise SystemExit(f"{given.metric}: less of it is better; what has more is chosen here")
    table = by_person(
        given.results, given.beginning, MetricSpec(kind="metrics", name=given.metric, options={})
    )
    wide = table.pivot(index=["person", "fold"], columns="manner", values="value")
    if wide.isna().any(axis=None):
        raise SystemExit("not every manner has a value of each person")
    value_PM, fold_P = wide.to_numpy(), wide.index.get_level_values("fold").to_numpy(dtype=str)
    rng = np.random.default_rng(0)
    drawn = rng.integers(len(wide), size=(DRAWS, len(wide)))
    several = [d for d in drawn if len(np.unique(fold_P[d])) > 1]
    edges = (50 * (1 - LEVEL), 50 * (1 + LEVEL))
    for manner, mean in wide.mean().items():
        low, high = np.percentile([wide[manner].to_numpy()[d].mean() for d in several], edges)
        print(f"{manner}: {mean:.3f} [{low:.3f}, {high:.3f}]")
    mean, choice = chosen_by_others(value_PM, fold_P)
    low, high = np.percentile([chosen_by_others(value_PM[d], fold_P[d])[0] for d in several], edges)
    print(f"chosen by the others: {mean:.3f} [{low:.3f}, {high:.3f}], {len(wide)} people")
    for fold, manner in choice.items():
        print(f"  fold {fold}: {wide.columns[manner]}")


if __name__ == "__main__":
    main()
