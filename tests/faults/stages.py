"""A small study from simulated recordings to the report, each stage a job that can be run again."""

import itertools
import multiprocessing
import os
import runpy
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file
from tiny_database import sha256

from cardiograft.config.checks import load_config
from cardiograft.config.plan import Plan
from cardiograft.specs.outside import Outside

SCRIPTS = Path(__file__).parents[2] / "workflow" / "scripts"
TRAINING = {"epochs": 8, "batch_size": 16, "keep": "best_validation", "monitor": "loss"}
NETWORK = {"name": "cnn", "widths": [4, 4, 4], "kernel": 5, "hidden": [8, 6], "dropout": 0.2}
CONFIG: dict[str, Any] = {
    "mirror": "simulated",
    "databases": {
        "mitdb": {
            "records": ["101", "106", "119", "208", "200", "233"],
            "simulate": {"duration_s": 60},
        }
    },
    "segments": {
        "beats": {
            "database": "mitdb",
            "signal": {"leads": ["MLII|V5"], "scale": "minmax"},
            "rate_hz": 125,
            "cut": "kachuee",
            "label": "aami",
            "parts": 2,
        }
    },
    "splits": {
        "strict": {
            "segments": ["beats"],
            "scheme": "dechazal_strict",
            "protocol": "honest",
            "validation": 0.34,
        },
        "domain": {"segments": ["beats"], "scheme": "segment", "protocol": "paper", "test": 0.2},
    },
    "pretrain": {
        "pretext": {
            "split": "strict",
            "model": NETWORK,
            "task": "recognise_transform",
            "training": {"epochs": 3, "batch_size": 64, "schedule": "one_cycle", "ema": 0.9},
        },
    },
    "prune": {
        "pruned": {
            "source": "pretext",
            "training": {"epochs": 3, "batch_size": 64, "optimiser": "sgd"},
            "sparsity": {"end": 40, "every": 3},
        }
    },
    "transfer": {
        "scratch": {
            "split": "strict",
            "model": NETWORK,
            "task": "classify",
            "training": TRAINING,
            "tags": {"init": "scratch"},
        },
        "grafted": {
            "split": "strict",
            "source": "pruned",
            "task": "classify",
            "training": {**TRAINING, "epochs": 3, "optimiser": "adamw", "schedule": "cosine"},
            "tags": {"init": "pruned"},
        },
    },
    "evaluations": {
        name: {"metrics": ["accuracy", "macro_f1"], "missing": "allowed"}
        for name in ("scratch", "grafted")
    },
    "tables": {"transform_recognition": {"evaluations": ["scratch", "grafted"], "draws": 200}},
}


@dataclass(frozen=True)
class Job:
    """A stage's script, its arguments, and what it writes."""

    stage: str
    arguments: dict[str, Any]
    outputs: tuple[Path, ...]

    def argv(self) -> list[str]:
        words = []
        for name, value in self.arguments.items():
            many = list(value) if isinstance(value, list | tuple) else [value]
            words += [f"--{name}", *map(str, many)]
        return [str(SCRIPTS / f"{self.stage}.py"), *words]


@dataclass
class Study:
    """The jobs of the study below a folder, with what is above them done."""

    root: Path
    plan: Plan = field(default_factory=lambda: Plan(load_config(CONFIG)))

    def spec(self, stage: str, entry: str = "") -> str:
        return self.plan.spec(stage, entry)

    def jobs(self) -> dict[str, Job]:
        """Return every job, in an order in which they can be run."""
        at, spec = self.root, self.spec
        manifest, shards = at / "manifests/mitdb.json", at / "segments/beats"
        split, audit = at / "splits/strict.parquet", at / "splits/strict.audit.json"
        jobs = {
            "download": self._job(
                "download",
                manifest,
                spec=spec("download", "mitdb"),
                mirror="simulated",
                data=at / "data",
                out=manifest,
            ),
            "segment": self._job(
                "segment", shards, spec=spec("segment", "beats"), manifest=manifest, out=shards
            ),
            "split": self._job(
                "split",
                (split, audit),
                spec=spec("split", "strict"),
                segments=shards,
                out=split,
                audit=audit,
            ),
        }
        jobs["outside"] = self._outside()
        before: Path | None = None
        for stage, entry in (("pretrain", "pretext"), ("prune", "pruned"), ("transfer", "grafted")):
            source = {"prune": "source", "transfer": "sources"}.get(stage)
            more = {source: before} if source else {}
            jobs[stage], before = self.training(stage, entry, **more), at / stage / entry / "0"
        jobs["scratch"] = self.training("transfer", "scratch")
        for name in ("grafted", "scratch"):
            jobs |= self._evaluation(name, shards, split, audit)
        return jobs | self._ends()

    def _outside(self) -> Job:
        """Weights that others have published: a safetensors file, always of the same bytes."""
        file, out = (
            self.root / "published/codec.safetensors",
            self.root / "outside/codec.safetensors",
        )
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            values = np.random.default_rng(0).normal(size=(64, 256)).astype(np.float32)
            save_file({"encoder.first.weight": values}, file)
        spec = Outside(file=str(file), sha256=sha256(file), reader="safetensors")
        return self._job("outside", out, spec=spec.canonical(), file=file, out=out)

    def training(self, stage: str, entry: str, **parents: Any) -> Job:
        out = self.root / stage / entry / "0"
        return self._job(
            stage,
            out,
            spec=self.spec(stage, entry),
            segments=self.root / "segments/beats",
            split=self.root / "splits/strict.parquet",
            repeat=0,
            **parents,
            state=self.root / ".state" / stage / entry / "0",
            out=out,
        )

    def _evaluation(self, name: str, shards: Path, split: Path, audit: Path) -> dict[str, Job]:
        at, spec = self.root, self.spec
        lineage = at / f"audits/{name}.json"
        predictions, scores = (at / f"{s}/{name}/0.parquet" for s in ("predictions", "scores"))
        return {
            f"audit {name}": self._job(
                "audit", lineage, spec=spec("audit", name), splits=split, counts=audit, out=lineage
            ),
            f"predict {name}": self._job(
                "predict",
                predictions,
                spec=spec("predict", name),
                segments=shards,
                split=split,
                model=at / "transfer" / name / "0",
                out=predictions,
            ),
            f"score {name}": self._job(
                "score", scores, spec=spec("score", name), predictions=predictions, out=scores
            ),
        }

    def _ends(self) -> dict[str, Job]:
        at, names = self.root, ("scratch", "grafted")
        study, page = at / "tables/transform_recognition", at / "report.html"
        models = [at / "pretrain/pretext/0", at / "prune/pruned/0"]
        models += [at / "transfer" / name / "0" for name in names]
        export, measured = (
            at / "exports/grafted/0.h5",
            at / "docs/results/transform_recognition.csv",
        )
        return {
            "tabulate": self._job(
                "tabulate",
                study,
                spec=self.spec("tabulate", "transform_recognition"),
                predictions=[at / f"predictions/{name}/0.parquet" for name in names],
                scores=[at / f"scores/{name}/0.parquet" for name in names],
                cards=[model / "card.json" for model in models],
                out=study,
            ),
            "hdf5": self._job(
                "hdf5", export, model=at / "transfer/grafted/0/model.safetensors", out=export
            ),
            "publish": self._job(
                "publish",
                measured,
                tables=study,
                study="transform_recognition",
                command="make",
                segments=at / "segments/beats",
                simulated=(),
                out=measured,
            ),
            "report": self._job(
                "report",
                page,
                spec=self.spec("report"),
                tables=study,
                manifests=at / "manifests/mitdb.json",
                segments=at / "segments/beats",
                splits=at / "splits/strict.audit.json",
                audits=[at / f"audits/{name}.json" for name in names],
                cards=[model / "card.json" for model in models],
                histories=[model / "history.parquet" for model in models],
                ledgers=[at / "transfer/grafted/0/ledger.json"],
                command="make",
                out=page,
            ),
        }

    @staticmethod
    def _job(stage: str, outputs: Path | tuple[Path, ...], **arguments: Any) -> Job:
        places = outputs if isinstance(outputs, tuple) else (outputs,)
        return Job(stage, arguments, places)


# Jobs in processes that have imported the libraries already.

HEAVY = (
    "accelerate",
    "pyarrow.parquet",
    "scipy.signal",
    "torch.distributed.tensor",  # which Accelerate imports at the first `prepare`
    "cardiograft.models.cnn",
    "cardiograft.training.tasks.classify",
    "cardiograft.training.tasks.recognise_transform",
    "cardiograft.training.job",
    "cardiograft.training.transfer",
    "cardiograft.evaluation.predict",
    "cardiograft.tables.study",
    "cardiograft.report.page",
)
_counter = itertools.count()


def processes() -> multiprocessing.context.ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*HEAVY])
    return context


class Running:
    """A job in a process of its own."""

    def __init__(self, job: Job, log: Path, within: "Within | None" = None) -> None:
        self.log = log
        self._process = processes().Process(target=_run, args=(job.argv(), str(log), within))
        self._process.start()

    def signal(self, number: int) -> None:
        if self._process.pid is not None and self._process.is_alive():
            os.kill(self._process.pid, number)

    @property
    def alive(self) -> bool:
        return self._process.is_alive()

    def wait(self) -> int:
        """Return how it ended: an exit status, or minus a signal."""
        self._process.join(120)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()
            return -999  # it hangs
        return self._process.exitcode

    def log_text(self) -> str:
        return self.log.read_text("utf-8", errors="replace") if self.log.is_file() else ""


Within = Callable[[], None]  # what a job's process does before it runs the script


def _run(argv: Sequence[str], log: str, within: Within | None) -> None:
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    os.environ["OMP_NUM_THREADS"] = "1"
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = [*argv]
    if within is not None:
        within()
    runpy.run_path(argv[0], run_name="__main__")


def done(job: Job, log: Path, within: Within | None = None) -> tuple[int, str]:
    """Run a job to its end; return its status and what it said."""
    running = Running(job, log.with_name(f"{log.name}.{next(_counter)}"), within)
    status = running.wait()
    return status, running.log_text()


def must(job: Job, log: Path) -> None:
    status, output = done(job, log)
    if status:
        raise AssertionError(f"{job.stage}: {status}\n{output}")


# What was written.

# Of a card: what differs from run to run.
TIMES = ("wall_s", "training_s", "peak_memory_MB", "content_sha256")


def contents(paths: Sequence[Path]) -> dict[str, str]:
    """Return a digest of each file that jobs wrote, without what a clock says."""
    digests = {}
    for path in paths:
        for file in [path] if path.is_file() else sorted(path.rglob("*")):
            if file.is_file() and file.name != "card.json":
                digests[str(file)] = sha256(file)
    return digests


def partials(root: Path) -> list[str]:
    return sorted(str(p.relative_to(root)) for p in root.rglob("*.partial"))
