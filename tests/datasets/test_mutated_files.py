"""A damaged header or annotation file is read or refused in one line, never anything else.

CARDIOGRAFT_MUTATIONS says how many of each are tried (300 where it isn't set).
"""

import os
import random
import resource
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from mutations import damaged, outcome, write_records

COUNT = int(os.environ.get("CARDIOGRAFT_MUTATIONS", "300"))
LONGEST_S = 10.0
MOST_MB = 1024


@pytest.mark.parametrize("ending", ["hea", "atr"])
def test_damage_at_random(tmp_path: Path, ending: str, capsys: pytest.CaptureFixture[str]) -> None:
    names = write_records(tmp_path)
    files = [p for p in sorted(tmp_path.iterdir()) if p.suffix == f".{ending}"]
    whole = {path: path.read_bytes() for path in files}
    ends: Counter[str] = Counter()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for seed in range(COUNT):
        rng = random.Random(seed)
        path = rng.choice(files)
        # a segment's damage shows in the recording that strings it, too
        name = path.stem if path.stem in names and rng.random() < 0.8 else rng.choice(names)
        path.write_bytes(damaged(whole[path], rng))
        start = time.monotonic()
        try:
            ends[outcome(tmp_path, name)] += 1
        except Exception as error:
            pytest.fail(f"{path.name}, seed {seed}: {path.read_bytes()[:400]!r}: {error!r}")
        assert time.monotonic() - start < LONGEST_S, f"{path.name}, seed {seed}"
        path.write_bytes(whole[path])
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    with capsys.disabled():
        sys.stdout.write(f"\n{COUNT} .{ending}: {dict(ends.most_common(12))}, {grown_mb:.0f} MB")
    assert grown_mb < MOST_MB
    assert 0 < ends["read"] < COUNT


def test_the_records_are_readable_before(tmp_path: Path) -> None:
    assert {outcome(tmp_path, name) for name in write_records(tmp_path)} == {"read"}
