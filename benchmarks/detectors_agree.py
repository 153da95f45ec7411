"""How often two R-peak detectors disagree, by the label that people gave: recordings of 2017.

    python benchmarks/detectors_agree.py ../shared/physionet
    python benchmarks/detectors_agree.py ../shared/physionet --records 600

The label `detectors_agree` of every whole 5-s piece of challenge-2017, beside the recording's
label by version v3: normal (N), atrial fibrillation (A), other rhythm (O), too noisy (~). A piece
is ``low`` where the F1 of the two detectors is below 0.9. What a label of noise calls ``low`` among
~ is what it is for; among A it may be the rhythm that the detectors differ on. Intervals are 95 %
bootstrap intervals over people: a recording each, but for those that are known to be one person's.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cardiograft.datasets import challenge_2017 as dataset
from cardiograft.segments.labels import challenge_2017, detectors_agree
from cardiograft.tables.statistics import draws, interval

LABELS = "~NAO"
PIECE_S = 5.0
DRAWS = 2000


class Counted(NamedTuple):
    """What a recording has: its person, its label, its pieces, and how many of them are low."""

    person: str
    label: str
    pieces: int
    low: int


def counted(root: Path, names: Sequence[str], left_out: list[str]) -> Iterator[Counted]:
    """Yield what each recording has; why one has nothing is added to `left_out`."""
    for name in names:
        try:
            record = dataset.read(root, name)
        except (FileNotFoundError, ValueError) as error:
            left_out.append(f"{name}: {error}")
            continue
        graded = challenge_2017.label(record, version="v3")
        judged = detectors_agree.label(record, window_s=PIECE_S)
        if why := graded.unusable or judged.unusable:
            left_out.append(f"{name}: {why}")
            continue
        piece_N = judged.mark_A[:-1]  # the last mark ends the last piece
        yield Counted(
            record.subject, str(graded.whole), len(piece_N), int((piece_N == "low").sum())
        )


def share(rows: Sequence[Counted]) -> tuple[float, float, float]:
    """Return the share of pieces that are low, and the ends of its interval over people."""
    by_person: Mapping[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        by_person[row.person][0] += row.pieces
        by_person[row.person][1] += row.low
    sums_S2 = np.array(list(by_person.values()), dtype=np.float64)
    drawn_B2 = draws(len(sums_S2), count=DRAWS, seed=(0,)) @ sums_S2
    ends = interval(drawn_B2[:, 1] / drawn_B2[:, 0], level=0.95, subjects=len(sums_S2))
    return float(sums_S2[:, 1].sum() / sums_S2[:, 0].sum()), *ends


def line(label: str, rows: Sequence[Counted]) -> str:
    if not rows:
        return f"| {label} | 0 | 0 | 0 | |"
    pieces, low = sum(row.pieces for row in rows), sum(row.low for row in rows)
    middle, first, last = (100 * one for one in share(rows))
    # of few people, and where all pieces are alike, draws say nothing
    ends = f" [{first:.1f}, {last:.1f}]" if first < last else ""
    return f"| {label} | {len(rows)} | {pieces} | {low} | {middle:.1f}{ends} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mirror", type=Path, help="a folder in PhysioNet's layout")
    parser.add_argument("--records", type=int, help="about so many, evenly spaced: all, if absent")
    given = parser.parse_args()
    root = given.mirror / dataset.SLUG / dataset.VERSION
    listed = (root / "RECORDS").read_text("utf-8").split()
    step = max(1, len(listed) // given.records) if given.records else 1
    left_out: list[str] = []
    rows = list(counted(root, listed[::step], left_out))
    some = f"1 of every {step} of {len(listed)} recordings" if step > 1 else "all recordings"
    print(f"{some}: {len(rows)}, and {len(left_out)} left out")
    print("".join(f"  {why}\n" for why in left_out[:10]))
    print("| label v3 | recordings | 5-s pieces | low | low, % [95 %] |\n|---|--:|--:|--:|--:|")
    for label in LABELS:
        print(line(label, [row for row in rows if row.label == label]))
    print(line("all", rows))


if __name__ == "__main__":
    main()
