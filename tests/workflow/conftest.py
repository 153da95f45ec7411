"""A small workflow that has run to its end, and how to plan an edit of it."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
TINY = {
    "mirror": "simulated",
    "databases": {
        "mitdb": {
            "records": ["101", "106", "119", "208", "200", "233"],
            "simulate": {"duration_s": 90},
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
        "paper": {"segments": ["beats"], "scheme": "segment", "protocol": "paper", "test": 0.2},
        "strict": {
            "segments": ["beats"],
            "scheme": "dechazal_strict",
            "protocol": "honest",
            "validation": 0.34,
        },
    },
    "pretrain": {
        "pretext": {
            "split": "strict",
            "model": "cnn",
            "task": "recognise_transform",
            "training": {"epochs": 1},
        }
    },
    "prune": {
        "pruned": {
            "source": "pretext",
            "training": {"epochs": 1},
            "sparsity": {"end": 10, "every": 2},
        }
    },
    "transfer": {
        "scratch": {
            "split": "paper",
            "model": "cnn",
            "task": "classify",
            "training": {"epochs": 1},
            "tags": {"init": "scratch"},
        },
        "grafted": {
            "split": "strict",
            "source": "pruned",
            "task": "classify",
            "training": {"epochs": 1},
            "tags": {"init": "pruned"},
        },
    },
    "baselines": {"majority": {"split": "paper", "baseline": "majority"}},
    "evaluations": {
        name: {"metrics": ["accuracy", "macro_f1"]} for name in ("scratch", "grafted", "majority")
    },
    "studies": {"transform_recognition": {"evaluations": ["scratch", "grafted", "majority"]}},
}


class House:
    """A copy of the project with a config of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def config(self) -> Path:
        return self.root / "config.yaml"

    def configure(self, change: Callable[[dict], None]) -> None:
        """Edit the config as data."""
        content = yaml.safe_load(self.config.read_text())
        change(content)
        self.config.write_text(yaml.safe_dump(content, sort_keys=False))

    def replace(self, file: str, old: str, new: str) -> None:
        """Edit a file as text; the old text must be there."""
        path = self.root / file
        text = path.read_text()
        if old not in text:
            raise AssertionError(f"{file} has no {old!r}")
        path.write_text(text.replace(old, new, 1))

    def snakemake(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        cores = () if "--cores" in arguments else ("--cores", "1")
        bin_folder = Path(sys.executable).parent
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
        environment["PATH"] = f"{bin_folder}:{environment['PATH']}"
        environment.pop("PYTHONPATH", None)
        done = subprocess.run(
            [sys.executable, "-m", "snakemake", *cores, *arguments],
            cwd=self.root,
            env=environment,
            capture_output=True,
            text=True,
        )
        if check and done.returncode:
            raise AssertionError(done.stdout[-4000:] + done.stderr[-8000:])
        return done

    def plan(self, *arguments: str) -> set[str]:
        """Return the jobs that a run would do: ``transfer scratch 0``."""
        done = self.snakemake("--dry-run", *arguments)
        return jobs("\n" + done.stdout + "\n" + done.stderr)


def jobs(text: str) -> set[str]:
    """Read the jobs off what a dry run prints."""
    found = set()
    for block in re.split(r"\n(?=(?:local)?rule )", text):
        head = re.match(r"(?:local)?rule (\w+):", block)
        if head:
            wildcards = re.search(r"wildcards: (.*)", block)
            values = re.findall(r"=([^,\n]+)", wildcards[1]) if wildcards else []
            found.add(" ".join([head[1], *values]))
    return found - {"all"}


def lay(root: Path, config: dict) -> House:
    """Copy the project's code to a folder and give it a config."""
    root.mkdir(exist_ok=True)
    for name in ("workflow", "src", "envs"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "Snakefile", root)
    house = House(root)
    house.config.write_text(yaml.safe_dump(config, sort_keys=False))
    return house


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A tiny workflow after its first run."""
    house = lay(tmp_path_factory.mktemp("house"), TINY)
    house.snakemake()
    return house


@pytest.fixture
def house(finished: House, tmp_path: Path) -> House:
    """A copy of the finished workflow, to edit."""
    root = tmp_path / "house"
    shutil.copytree(finished.root, root, symlinks=True)
    return House(root)


@pytest.fixture
def tiny(tmp_path: Path) -> House:
    """The tiny workflow before its first run."""
    return lay(tmp_path / "house", TINY)
