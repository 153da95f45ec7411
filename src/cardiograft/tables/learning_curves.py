"""Learning curves of a study's runs, and the index of each: from what trainings wrote every epoch.

A curve is of the part that was measured after each epoch: the validation part, and the test part
where an entry keeps the epoch that is best on it. A run that is an evaluation of another
entry's network has no curve of its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cardiograft import parquet
from cardiograft.checkpoints.folder import model_key
from cardiograft.evaluation.learning_curve import learning_curve_index
from cardiograft.specs.tabulate import Tabulate
from cardiograft.tables.runs import Run
from cardiograft.tables.scores import place

PARTS = ("validation", "test")
INDICES = ("entry", "repeat", "part", "metric", "index", "best", "best_epoch", "epochs")
CURVES = ("part", "metric", "epoch", "value", "sd", "low", "high", "trainings")
Key = tuple[str, str, str]


def tables(spec: Tabulate, files: Sequence[Path], metric: str) -> dict[str, pd.DataFrame]:
    """Return the curves and the indices of a metric.

    Parameters
    ----------
    files
        ``<stage>/<entry>/<repeat>/history.parquet`` of each training.
    metric
        One that the runs' task measures after each epoch, of which more is better.

    Returns
    -------
    dict
        ``learning_curves``: study, run, protocol, split, tag_..., simulated, part, metric, epoch,
        value (mean over trainings), sd (sample; NaN of one), low and high (value -/+ sd),
        trainings (that ran so long).

        ``learning_indices``: study, run ... tag_..., entry, repeat, part, metric, index, best,
        best_epoch, epochs: a row a training.
    """
    histories = {model_key(path): parquet.read(path).to_pandas() for path in files}
    curves, indices = list[dict[str, Any]](), list[dict[str, Any]]()
    for name, row in spec.rows.items():
        where = place(spec, Run(name, row, ()))
        own = {key: h for key, h in histories.items() if key[1] in row.members}
        for part in PARTS:
            by_training = {key: _values(history, part, metric) for key, history in own.items()}
            lines = {key: values for key, values in by_training.items() if len(values)}
            which = {"part": part, "metric": metric}
            indices += [{**where, **which, **one} for one in _indices(lines)]
            curves += [{**where, **which, **one} for one in _epochs(list(lines.values()))]
    name, row = next(iter(spec.rows.items()))
    first = list(place(spec, Run(name, row, ())))
    return {
        "learning_curves": pd.DataFrame(curves, columns=[*first, *CURVES]),
        "learning_indices": pd.DataFrame(indices, columns=[*first, *INDICES]),
    }


def _values(history: pd.DataFrame, part: str, metric: str) -> "pd.Series[float]":
    """Return a training's values by epoch, in order."""
    own = history[(history["part"] == part) & (history["metric"] == metric)]
    return own.set_index("epoch")["value"].sort_index()


def _indices(lines: Mapping[Key, "pd.Series[float]"]) -> Iterator[dict[str, Any]]:
    for (_, entry, repeat), values in lines.items():
        yield {
            "entry": entry,
            "repeat": int(repeat),
            "index": learning_curve_index(values.tolist()),
            "best": float(values.max()),
            "best_epoch": int(np.argmax(values.to_numpy())) + 1,
            "epochs": len(values),
        }


def _epochs(lines: Sequence["pd.Series[float]"]) -> Iterator[dict[str, Any]]:
    if not lines:
        return
    whole = pd.concat(list(lines), axis=1)
    for epoch, values in whole.iterrows():
        known = values.dropna()
        mean, sd = float(known.mean()), float(known.std(ddof=1))
        yield {
            "epoch": epoch,
            "value": mean,
            "sd": sd,
            "low": mean - sd,
            "high": mean + sd,
            "trainings": len(known),
        }
