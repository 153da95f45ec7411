"""Processor time and peak memory of every stage at 1, 4 and 16 times as many segments.

Beats of 187 samples, 250 a subject, made up but no two alike; each stage runs as its own
process, on one thread. Trainings take the same number of steps at every size, so that what grows
is reading alone. The exponent is fitted to the two largest sizes: 1 is proportional, 2 is every
segment against every other.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cardiograft.config.checks import load_config
from cardiograft.config.plan import Plan
from cardiograft.files import write_json
from cardiograft.segments import rhythms, shards
from cardiograft.signals.rhythm import SHAPE_SAMPLES
from cardiograft.signals.shape_hash import shape_hash

SCRIPTS = Path(__file__).parents[1] / "workflow" / "scripts"
EACH, SAMPLES, RATE_HZ = 250, 187, 125
LABELS, SHARES = ("F", "N", "Q", "S", "V"), (0.02, 0.8, 0.03, 0.05, 0.1)
TRAINING = {"epochs": 1, "per_class": 200, "batch_size": 64}
MODEL = {"model": "cnn", "task": "classify", "split": "people"}
CONFIG: dict[str, Any] = {
    "mirror": "simulated",
    "databases": {"mitdb": {"records": 1, "simulate": {"duration_s": 60}}},
    "segments": {
        "beats": {
            "database": "mitdb",
            "signal": {"leads": ["MLII"]},
            "rate_hz": RATE_HZ,
            "cut": "kachuee",
            "label": "aami",
        }
    },
    "splits": {
        "people": {
            "segments": ["beats"],
            "scheme": "subject",
            "protocol": "honest",
            "test": 0.2,
            "validation": 0.25,
        }
    },
    "pretrain": {"source": {**MODEL, "training": TRAINING}},
    "transfer": {
        name: {**MODEL, "source": "source", "training": TRAINING, "tags": {"init": name}}
        for name in ("one", "other")
    },
    "evaluations": {
        name: {"metrics": ["accuracy", "macro_f1"], "missing": "allowed"}
        for name in ("one", "other")
    },
    "tables": {"transform_recognition": {"evaluations": ["one", "other"]}},
}


# The peak that `getrusage` gives of a child counts its parent's memory at the fork, too.
WATCHED = """
import atexit, re, runpy, sys, time
def cost():
    peak = re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]
    sys.stderr.write(f"\\n{time.process_time()} {peak}\\n")
atexit.register(cost)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@dataclass(frozen=True)
class Cost:
    """Of one process."""

    cpu_s: float
    peak_mb: float


def write_shards(folder: Path, segments: int) -> None:
    meta = shards.Meta(
        spec={},
        manifest_digest="0",
        simulated=True,
        rate_hz=float(RATE_HZ),
        channels=("MLII",),
        samples=SAMPLES,
        units=("mV",),
    )
    folder.mkdir(parents=True)
    names = [f"{k:05d}" for k in range(segments // EACH)]
    with shards.Writer(folder, meta, max(1, len(names) // 8)) as writer:
        for name in names:
            writer.write(_rows(name))
    rates = {f"mitdb/{name}": 360.0 for name in names}
    write_json(folder / "summary.json", {"segments": segments, "source_rate_hz": rates})
    rhythms.write(folder, map(_rhythm, names))


def _rhythm(name: str) -> dict[str, object]:
    """Return a recording's fingerprint: a rhythm of its own, beats of any shape."""
    rng = np.random.default_rng(int(name))
    # a slow change that comes back: cut off at a bound, two rhythms would be equal there
    slow_B = 0.08 * np.sin(np.cumsum(rng.normal(0, 0.2, EACH)))
    interval_B = np.maximum(rng.uniform(0.6, 1) + slow_B + rng.normal(0, 0.02, EACH), 0.2)
    shape_BS = rng.integers(-60, 60, (EACH, SHAPE_SAMPLES), dtype=np.int8)
    return {
        "record": f"mitdb/{name}",
        "subject": f"mitdb/{name}",
        "lead": "MLII",
        "beat": np.cumsum(interval_B),
        "shape": shape_BS.tobytes(),
    }


def _rows(name: str) -> shards.ShardRows:
    rng, time_T = np.random.default_rng(int(name)), np.arange(SAMPLES)
    wave_N1 = [rng.normal(m, s, (EACH, 1)) for m, s in ((40, 4), (4, 1), (110, 8), (15, 3))]
    place, width, later, wider = wave_N1
    beat_NT = np.exp(-(((time_T - place) / width) ** 2))
    beat_NT += rng.uniform(0.1, 0.5, (EACH, 1)) * np.exp(-(((time_T - later) / wider) ** 2))
    slow_NT = np.cumsum(rng.normal(0, 0.02, (EACH, SAMPLES)), axis=1)
    signal_NCT = (beat_NT + slow_NT).astype(np.float32)[:, None]
    return shards.ShardRows(
        dataset="mitdb",
        record=name,
        subject=name,
        lead="MLII",
        start_N=np.arange(EACH) * 540,
        valid_N=np.full(EACH, SAMPLES, np.int32),
        shape_hash_N=shape_hash(signal_NCT, float(RATE_HZ)),
        label_N=rng.choice(np.array(LABELS, dtype=object), EACH, p=SHARES),
        signal_NCT=signal_NCT,
    )


def jobs(at: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each stage to measure, in order, with its arguments."""
    plan = Plan(load_config(CONFIG))
    cut, split, audit = at / "beats", at / "people.parquet", at / "people.audit.json"
    data = {"segments": cut, "split": split}
    yield (
        "split",
        {"spec": plan.spec("split", "people"), "segments": cut, "out": split, "audit": audit},
    )
    for name in ("one", "other"):
        out = {"out": at / f"{name}.audit.json"}
        yield "audit", {"spec": plan.spec("audit", name), "splits": split, "counts": audit, **out}
    source = at / "pretrain/source/0"
    run = {**data, "repeat": 0, "state": at / "state"}
    yield "pretrain", {"spec": plan.spec("pretrain", "source"), **run, "out": source}
    for name in ("one", "other"):
        model, saved = at / "transfer" / name / "0", at / "predictions" / name / "0.parquet"
        start = {"sources": source, "out": model}
        yield "transfer", {"spec": plan.spec("transfer", name), **run, **start}
        yield "predict", {"spec": plan.spec("predict", name), **data, "model": model, "out": saved}
        scores = {"predictions": saved, "out": at / "scores" / name / "0.parquet"}
        yield "score", {"spec": plan.spec("score", name), **scores}
    yield (
        "tabulate",
        {
            "spec": plan.spec("tabulate", "transform_recognition"),
            "predictions": [at / f"predictions/{n}/0.parquet" for n in ("one", "other")],
            "scores": [at / f"scores/{n}/0.parquet" for n in ("one", "other")],
            "cards": [at / f"transfer/{n}/0/card.json" for n in ("one", "other")],
            "out": at / "tables",
        },
    )


def measured(stage: str, arguments: dict[str, Any]) -> Cost:
    words = []
    for name, value in arguments.items():
        words += [f"--{name}", *map(str, value if isinstance(value, list) else [value])]
    line = [sys.executable, "-c", WATCHED, str(SCRIPTS / f"{stage}.py"), *words]
    done = subprocess.run(line, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{stage}: {done.stderr}")
    cpu_s, peak_kb = done.stderr.splitlines()[-1].split()
    return Cost(float(cpu_s), float(peak_kb) / 1e3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--segments", type=int, default=5000, help="of the smallest size")
    parser.add_argument("--times", type=int, nargs="+", default=[1, 4, 16])
    given = parser.parse_args()
    sizes = [given.segments * times for times in given.times]
    found: dict[str, list[Cost]] = {}
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            write_shards(Path(folder) / "beats", size)
            once = set()
            for stage, arguments in jobs(Path(folder)):
                cost = measured(stage, arguments)
                if stage not in once:  # the second run's differ in noise alone
                    found.setdefault(stage, []).append(cost)
                once.add(stage)
                print(json.dumps([size, stage, vars(cost)]), file=sys.stderr, flush=True)
    show(sizes, found)


def show(sizes: list[int], found: dict[str, list[Cost]]) -> None:
    heads = [f"{size:,} segments" for size in sizes]
    print("| stage |", " | ".join(f"{h}: s, MB" for h in heads), "| exponents, s and MB |")
    print("|---|" + "---|" * (len(sizes) + 1))
    for stage, costs in found.items():
        cells = [f"{c.cpu_s:.1f}, {c.peak_mb:.0f}" for c in costs]
        first, last, ratio = costs[-2], costs[-1], math.log(sizes[-1] / sizes[-2])
        grown = [
            math.log(after / before) / ratio
            for before, after in ((first.cpu_s, last.cpu_s), (first.peak_mb, last.peak_mb))
        ]
        print(f"| {stage} | " + " | ".join(cells) + f" | {grown[0]:.2f}, {grown[1]:.2f} |")


if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = "1"
    main()
