"""On real beats: recall of the hash that near-duplicates are known by in crowds, time of audits.

    python benchmarks/duplicates.py --segments results/open/segments/beats

The folder holds shards of mitdb, cut by the Kachuee recipe or into windows. Planted copies are
two cuts of one segment, up to a sample apart, one of them scaled and given noise.
"""

import argparse
import resource
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cardiograft.segments import shards
from cardiograft.signals.shape_hash import samples_before_padding, shape_hash
from cardiograft.specs.split import Split
from cardiograft.splits import leakage, near_duplicates
from cardiograft.splits.assign import COLUMNS, assign

SCHEMES = {
    "9:1 by segment": Split(segments=("s",), scheme="segment", protocol="paper"),
    "dechazal_strict": Split(
        segments=("s",), scheme="dechazal_strict", protocol="honest", validation=0.2
    ),
}
Array = npt.NDArray[np.float32]


def moved(signal_NCT: Array, valid_N: npt.NDArray[np.int64], shift: int) -> tuple[Array, Array]:
    """Return two cuts of the same beats, `shift` samples apart, as long as each other."""
    inside = np.arange(signal_NCT.shape[2]) < (valid_N - abs(shift))[:, None]
    pair = (
        np.roll(signal_NCT, -max(0, -shift), axis=2),
        np.roll(signal_NCT, -max(0, shift), axis=2),
    )
    first, second = (np.where(inside[:, None], cut, 0) for cut in pair)
    return first, second


def noisy(signal_NCT: Array, correlation: float) -> Array:
    """Return scaled copies with white noise; padding stays zero."""
    noise = np.random.default_rng(0).normal(size=signal_NCT.shape)
    inside = np.arange(signal_NCT.shape[2]) < samples_before_padding(signal_NCT)[:, None, None]
    spread = signal_NCT.std(axis=2, keepdims=True, where=inside)
    added = np.sqrt(1 / correlation**2 - 1) * spread * noise
    return np.where(inside, 1.7 * (signal_NCT + added), 0).astype(np.float32)


def recall(folder: Path) -> None:
    rate_hz = shards.meta(folder).rate_hz
    ids = shards.table([folder], ["id"])["id"].to_pylist()
    some = np.random.default_rng(0).choice(ids, size=min(4000, len(ids)), replace=False)
    columns = shards.arrays([folder], some.tolist(), ["signal", "valid"])
    valid_N = columns["valid"].astype(np.int64)
    for correlation in (0.9995, 0.9991):
        for shift in (-1, 0, 1):
            first, second = moved(columns["signal"], valid_N, shift)
            hashes = [shape_hash(cut, rate_hz) for cut in (first, noisy(second, correlation))]
            code, other = (h.view(np.uint8).reshape(-1, 8).astype(float) for h in hashes)
            near = np.linalg.norm(code - other, axis=1) <= near_duplicates.RADIUS
            print(f"shift {shift:+d}, noise to {correlation}: {near.mean():.2%} are candidates")


def timings(folder: Path) -> None:
    signal = shards.arrays([folder], None, ["signal"])["signal"]
    before = time.process_time()
    shape_hash(signal, shards.meta(folder).rate_hz)
    print(f"shape_hash of {len(signal)} segments: {time.process_time() - before:.2f} s of CPU")
    del signal
    columns = list(dict.fromkeys((*COLUMNS, *leakage.COLUMNS)))
    keys = leakage.timed([folder], shards.table([folder], columns))
    for name, spec in SCHEMES.items():
        before, start = time.process_time(), time.perf_counter()
        part_N = assign(keys, spec)
        leaks = leakage.leaks([folder], keys, part_N, spec)
        taken = time.process_time() - before, time.perf_counter() - start
        counts = ", ".join(f"{kind} {leak.count}" for kind, leak in leaks.items())
        print(f"{name}: {taken[0]:.1f} s of CPU, {taken[1]:.1f} s; {counts}")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:.0f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--segments", type=Path, required=True)
    arguments = parser.parse_args()
    recall(arguments.segments)
    timings(arguments.segments)
