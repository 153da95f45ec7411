"""Exported networks of two classes on labelled segments: balanced accuracy, how far they differ.

    python benchmarks/exported.py results/quality/export results/quality/segments/quality-2017-all

Each folder below the first that holds a `model.onnx` is run by onnxruntime, a segment at a time, on
every segment that has a label; the first one's probabilities are what the others are compared with.

Legend: N segments, K classes.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import onnxruntime
import pyarrow.parquet as pq

from cardiograft.records import Float32


def labelled(segments: Path) -> tuple[Float32, list[str]]:
    """Return signals of shape (N, 1, samples), and their labels."""
    signals, labels = [], []
    for file in sorted(segments.glob("part-*.parquet")):
        table = pq.read_table(file, columns=["label", "signal"])
        values = table["signal"].combine_chunks().flatten().to_numpy()
        signals.append(values.reshape(table.num_rows, 1, -1).astype(np.float32))
        labels += table["label"].to_pylist()
    signal_N1T = np.concatenate(signals)
    known_N = np.array([label is not None for label in labels])
    return signal_N1T[known_N], [label for label in labels if label is not None]


def probabilities(model: Path, signal_N1T: Float32) -> tuple[Float32, list[str]]:
    """Return a file's probabilities (N, K), and their classes."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options)
    classes = json.loads(session.get_modelmeta().custom_metadata_map["cardiograft"])["output"]
    (given,) = session.get_inputs()
    score_N1K = [session.run(None, {given.name: one[None]})[0] for one in signal_N1T]
    return np.concatenate(score_N1K), classes["labels"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("exports", type=Path)
    parser.add_argument("segments", type=Path)
    given = parser.parse_args()
    signal_N1T, labels = labelled(given.segments)
    first_NK = None
    print("file | segments | balanced accuracy at one half | largest difference, other class")
    for model in sorted(given.exports.glob("*/model.onnx")):
        score_NK, classes = probabilities(model, signal_N1T)
        first_NK = score_NK if first_NK is None else first_NK
        found_N, label_N = np.array(classes)[score_NK.argmax(1)], np.array(labels)
        each = [float((found_N == name)[label_N == name].mean()) for name in np.unique(label_N)]
        differ = np.abs(score_NK - first_NK).max()
        moved = int((score_NK.argmax(1) != first_NK.argmax(1)).sum())
        values = f"{len(label_N):,} | {np.mean(each):.4f} | {differ:.2g}, {moved}"
        print(f"{model.parent.name} | {values}", flush=True)


if __name__ == "__main__":
    main()
