"""Measure the baseline `rhythm_boosting` on the labelled records of challenge-2017: a table.

    python benchmarks/rhythm_boosting.py ../shared/physionet/challenge-2017/1.0.0
    python benchmarks/rhythm_boosting.py <folder> --features f.parquet --tested

Whole records, classes N, A and O of REFERENCE-v3.csv; what is labelled as noise is left out. A
fifth of the records, by a hash of their names, is kept back: without ``--tested`` only five-fold
cross-validation within the others is printed, with it what the baseline says of those kept back,
trained on all the others and on nested shares of them. One recording is one person.
"""

import argparse
import csv
import hashlib
import time
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.io import loadmat
from sklearn.metrics import f1_score

from cardiograft import plugins
from cardiograft.signals.recording_features import named_features
from cardiograft.signals.stitching import Stitched
from cardiograft.training.boosting import boosted

RATE_HZ, KEPT_BACK, FOLDS = 300.0, 0.2, 5
SHARES = (1.0, 0.5, 0.25, 0.1)
LABELS = ("A", "N", "O")
Mask = npt.NDArray[np.bool_]


def made(folder: Path) -> pd.DataFrame:
    """Return every labelled record's features, a row each."""
    with (folder / "REFERENCE-v3.csv").open() as file:
        label_of = dict(csv.reader(file))
    rows, began = [], time.process_time()
    for path in sorted(folder.glob("training/*/*.mat")):
        if label_of.get(path.stem) in LABELS:
            signal = loadmat(path)["val"][0].astype(np.float64)
            features = named_features(Stitched(signal, np.zeros(0, np.int64)), RATE_HZ)
            rows.append({"name": path.stem, "label": label_of[path.stem], **features})
    print(f"{len(rows)} records, {1000 * (time.process_time() - began) / len(rows):.0f} ms each")
    return pd.DataFrame(rows)


def place(kind: str, name: str) -> float:
    """Return a number in [0, 1) that depends on the name alone."""
    return zlib.crc32(f"{kind}{name}".encode()) / 2**32


def kept_back(name: str) -> bool:
    """Whether a record is of the fifth that nothing is chosen on."""
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64 < KEPT_BACK


def predicted(
    table: pd.DataFrame, learned: Mask, options: dict[str, float]
) -> npt.NDArray[np.int64]:
    """Return the class of every record, learned of some."""
    target = np.array([LABELS.index(label) for label in table["label"]])
    share = np.where(learned[:, None], np.eye(len(LABELS))[target], 0.0)
    features = table.drop(columns=["name", "label"]).to_numpy(np.float32)
    return np.asarray(boosted(features, share, seed=0, **options).argmax(axis=1))


def line(what: str, table: pd.DataFrame, predicted_N: npt.NDArray[np.int64], rows: Mask) -> str:
    """Return weighted, macro and each class's F1 of some rows."""
    true = [LABELS.index(label) for label in table["label"][rows]]
    values = [f1_score(true, predicted_N[rows], average=a) for a in ("weighted", "macro")]
    each = f1_score(true, predicted_N[rows], average=None)
    numbers = " ".join(f"{value:.3f}" for value in (*values, *each))
    return f"{what:<24} {rows.sum():>6} {numbers}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="challenge-2017, with REFERENCE-v3.csv")
    parser.add_argument("--features", type=Path, help="Parquet to keep the features in")
    parser.add_argument("--tested", action="store_true", help="score those that were kept back")
    arguments = parser.parse_args()
    if arguments.features and arguments.features.is_file():
        table = pd.read_parquet(arguments.features)
    else:
        table = made(arguments.folder)
        if arguments.features:
            table.to_parquet(arguments.features)
    options = plugins.options("baselines", "rhythm_boosting")().model_dump()
    options["max_iter"] = options.pop("iterations")
    options["max_leaf_nodes"] = options.pop("leaves")
    options.pop("of")
    back = np.array([kept_back(name) for name in table["name"]])
    print(f"{'':<24} {'records':>6} weighted, macro, {', '.join(LABELS)}")
    if not arguments.tested:
        fold = np.array([int(FOLDS * place("fold", name)) for name in table["name"]])
        predicted_N = np.full(len(table), -1)
        for number in range(FOLDS):
            here = (fold == number) & ~back
            predicted_N[here] = predicted(table, ~back & (fold != number), options)[here]
        print(line("cross-validation", table, predicted_N, ~back))
        return
    at = np.array([place("share", name) for name in table["name"]])
    for share in SHARES:
        predicted_N = predicted(table, ~back & (at < share), options)
        print(line(f"kept back, of {share:.0%}", table, predicted_N, back))


if __name__ == "__main__":
    main()
