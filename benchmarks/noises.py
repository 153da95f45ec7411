"""Recall and false alarms of recordings of noise known by their peaks, on nstdb's.

    python benchmarks/noises.py ../recordings

The folder is a mirror in PhysioNet's layout with nstdb. A stretch of each of the two signals of em,
ma and bw, changed as named, is looked for among all six: found is its own, a false alarm any other.
"""

import argparse
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

from cardiograft.datasets import nstdb
from cardiograft.records import Float32
from cardiograft.signals.rhythm import Rhythm, rhythm
from cardiograft.splits.noise_used import MARGIN_BITS
from cardiograft.splits.recordings import Side, matches

Lead = tuple[Float32, Fraction]
RATE = Fraction(nstdb.RATE_HZ)
SECONDS = (10, 30, 60, 300)
BEGIN_S = 5
CHANGES: dict[str, Callable[[Float32], Lead]] = {
    "another cut": lambda s: (s, RATE),
    "inverted, another gain and offset": lambda s: (-2.5 * s + 1, RATE),
    "at 125 Hz": lambda s: (resample_poly(s, 125, 360), Fraction(125)),
    "inverted, at 250 Hz": lambda s: (-resample_poly(s, 25, 36), Fraction(250)),
}


def signals(root: Path) -> dict[str, Float32]:
    signal_of = {}
    for name in nstdb.NOISE:
        record = nstdb.read(root, name)
        signal_of |= {f"{name} {k + 1}": signal_T for k, signal_T in enumerate(record.signal_CT)}
    return signal_of


def main(mirror: Path) -> None:
    (root,) = sorted((mirror / nstdb.SLUG).glob("*"))[-1:]
    known = signals(root)
    began = time.process_time()
    prints = [rhythm(signal_T, RATE) for signal_T in known.values()]
    each = (time.process_time() - began) / len(prints)
    pool = Side(prints, list(known))
    print(f"{each:.2f} s of processor time a signal of half an hour")
    for name, change in CHANGES.items():
        for seconds in SECONDS:
            hits = alarms = 0
            for own, signal_T in known.items():
                first = BEGIN_S * nstdb.RATE_HZ
                part_T, rate_hz = change(signal_T[first : first + seconds * nstdb.RATE_HZ])
                others = _matching(rhythm(np.asarray(part_T, np.float32), rate_hz), pool)
                hits, alarms = hits + (own in others), alarms + len(others - {own})
            print(f"{name}, {seconds} s: {hits} of {len(known)} found, {alarms} false alarms")


def _matching(one: Rhythm, pool: Side) -> set[str]:
    """Return whose of the pool it is, each looked for by itself."""
    return {
        name
        for own, name in zip(pool.rhythms, pool.person_R, strict=True)
        if matches(Side([one], ["copy"]), Side([own], [name]), margin_bits=MARGIN_BITS)
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mirror", type=Path)
    main(parser.parse_args().mirror)
