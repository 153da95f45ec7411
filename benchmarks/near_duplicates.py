"""How the search for near-duplicates grows: time, memory and pairs compared.

    python benchmarks/near_duplicates.py
    python benchmarks/near_duplicates.py --folder results/open/segments/mitdb-window

A tenth of the people is looked for among the others, at 1, 4 and 16 times as many segments, each
size in a process of its own: made-up beats of 187 samples, 250 a person, no two alike; or, of a
folder of shards, a 16th, a quarter and all of its segments. Beside it what comparing every hash
with every other costs, which is what the search did before: the product alone, and how many pairs
of segments it leaves to be compared.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scaling.beats import write_shards

from cardiograft.records import Float32
from cardiograft.segments import shards
from cardiograft.splits import near_duplicates
from cardiograft.splits.near_duplicates import Keys

TIMES = (1, 4, 16)
Measurements = dict[str, float]


def keys_of(folder: Path, share: float, how: str) -> Keys:
    """Return the segments of a folder: a tenth of the people, or of the segments, is tested."""
    columns = shards.table([folder], ["id", "subject", "valid", "shape_hash"])
    subject_N = np.asarray(columns["subject"].to_pylist(), dtype=str)
    random = np.random.default_rng(0)
    place_N = random.random(len(subject_N))
    if how == "people":
        names, code_N = np.unique(subject_N, return_inverse=True)
        place_N = random.permutation(len(names))[code_N] / len(names)
    part_N = np.where(place_N < 0.1, "test", "train").astype(object)
    part_N[random.random(len(part_N)) >= share] = "out"
    return Keys(
        id_N=columns["id"].to_pylist(),
        part_N=part_N,
        valid_N=columns["valid"].to_numpy().astype(np.int64),
        shape_hash_N=columns["shape_hash"].to_numpy(),
    )


def measured(folder: Path, share: float, how: str) -> Measurements:
    """Search once; return what it took, in this process alone."""
    keys, compared = keys_of(folder, share, how), 0
    alike = near_duplicates._alike

    def counting(segments, at_P, other_P):  # type: ignore[no-untyped-def]
        nonlocal compared
        compared += len(at_P)
        return alike(segments, at_P, other_P)

    near_duplicates._alike = counting  # type: ignore[assignment]
    before_mb, before_s = memory_mb(), time.process_time()
    pairs_alike = near_duplicates.search([folder], keys, query="test", pool=["train"], above=0.999)
    taken_s, after_mb = time.process_time() - before_s, memory_mb()
    hashes_s, pairs = hashed(keys)
    return {
        "segments": int((keys.part_N != "out").sum()),
        "found": len(pairs_alike),
        "s": taken_s,
        "mb": after_mb - before_mb,
        "pairs": compared,
        "hashes_s": hashes_s,
        "hash_pairs": pairs,
    }


def hashed(keys: Keys) -> tuple[float, int]:
    """Return the time that the product of all hashes takes, and how many pairs lie near."""
    before_s, pairs = time.process_time(), 0
    code_N8 = near_duplicates._bytes(keys.shape_hash_N)
    query_N, pool_N = (np.flatnonzero(keys.part_N == part) for part in ("test", "train"))
    for first in range(0, len(query_N), 128):
        some_N = query_N[first : first + 128]
        pairs += int(_close(code_N8[some_N], code_N8[pool_N]).sum())
    return time.process_time() - before_s, pairs


def _close(code_Q8: Float32, code_U8: Float32) -> npt.NDArray[np.bool_]:
    """Return which hashes lie within the search's radius of each other, shape (Q, U)."""
    # |a - b|² as one product of a with b: whole numbers below 2²⁴, exact in float32
    square_Q, square_U = ((code_N8**2).sum(axis=1) for code_N8 in (code_Q8, code_U8))
    left_Q10 = np.column_stack([code_Q8, square_Q, np.ones_like(square_Q)])
    right_U10 = np.column_stack([-2 * code_U8, np.ones_like(square_U), square_U])
    return np.asarray(left_Q10 @ right_U10.T <= near_duplicates.RADIUS**2)


def memory_mb() -> float:
    """Return the largest memory of this process so far."""
    status = Path("/proc/self/status").read_text("utf-8")
    return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1e3


def apart(folder: Path, share: float, how: str) -> Measurements:
    """Measure in a process of its own."""
    line = [sys.executable, __file__, "--folder", str(folder), "--share", str(share), "--how", how]
    done = subprocess.run(line, stdout=subprocess.PIPE, text=True, check=True)
    measurements: Measurements = json.loads(done.stdout)
    return measurements


def table(given: argparse.Namespace) -> None:
    print("| segments | s | MB | pairs compared | every hash: s | pairs | found |")
    print("|--:|--:|--:|--:|--:|--:|--:|")
    for times in TIMES:
        with tempfile.TemporaryDirectory() as scratch:
            folder, share = given.folder, times / TIMES[-1]
            if folder is None:
                folder, share = Path(scratch) / "beats", 1.0
                write_shards(folder, given.segments * times)
            one = apart(folder, share, given.how)
        print(
            f"| {one['segments']:,} | {one['s']:.1f} | {one['mb']:.0f} | {one['pairs']:,} |"
            f" {one['hashes_s']:.1f} | {one['hash_pairs']:,} | {one['found']:,} |",
            flush=True,
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="shards, in place of made-up ones")
    parser.add_argument("--segments", type=int, default=10_000, help="of the smallest size")
    parser.add_argument("--how", choices=("people", "segments"), default="people")
    parser.add_argument("--share", type=float, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.share is None:
        table(arguments)
    else:
        print(json.dumps(measured(arguments.folder, arguments.share, arguments.how)))
