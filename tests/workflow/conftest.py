"""A small workflow that has run to its end, and how to plan an edit of it."""

import copy
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from snakemake.utils import update_config

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
        # a minute and a half of six people need not have every class
        name: {"metrics": ["accuracy", "macro_f1"], "missing": "allowed"}
        for name in ("scratch", "grafted", "majority")
    },
    "tables": {"transform_recognition": {"evaluations": ["scratch", "grafted", "majority"]}},
}

OTHER_SUBJECTS = ["scg_vhd/UP-01", "scg_vhd/UP-03"]
# SCG to ECG: a source made narrow and adapted to another hospital, people who calibrate first,
# in two folds, and an oracle.
SIGNALS = {
    "mirror": "simulated",
    "databases": {
        "scg_vhd": {
            "records": ["CP-43", "CP-45", "UP-01", "UP-03", "UP-04", "UP-07"],
            "simulate": {"duration_s": 50},
        }
    },
    "segments": {
        "scg": {
            "database": "scg_vhd",
            "signal": {"leads": ["SCG z"], "filter": {"low_hz": 0.5, "high_hz": 30, "order": 2}},
            "target": {
                "leads": ["II"],
                "filter": {"low_hz": 1, "high_hz": 40, "order": 2},
                "scale": "median_max",
            },
            "rate_hz": 125,
            "cut": {"name": "windows", "window_s": 5, "restart_after_gaps": True},
            "parts": 2,
        }
    },
    "splits": {
        "hospital": {
            "segments": ["scg"],
            "scheme": "named",
            "protocol": "honest",
            "train_subjects": ["scg_vhd/CP-*"],
            "test_subjects": OTHER_SUBJECTS,
        },
        "domain": {
            "segments": ["scg"],
            "scheme": "named",
            "protocol": "honest",
            "train_subjects": ["scg_vhd/UP-04", "scg_vhd/UP-07"],
            "test_subjects": OTHER_SUBJECTS,
        },
        "known": {
            "segments": ["scg"],
            "scheme": "subject",
            "protocol": "personal",
            "folds": 2,
            "fold": [0, 1],
            "seed": 1,
            "calibration": {"seconds": 10, "reserve": 20},
        },
    },
    "pretrain": {
        "source": {
            "split": "hospital",
            "model": {"name": "cae", "widths": [16, 16]},
            "task": "reconstruct",
            "training": {"epochs": 1, "batch_size": 4},
        }
    },
    "prune": {
        "narrowed": {
            "source": "source",
            "sparsity": {"method": "structured", "final": 0.5, "end": 2, "every": 1},
            "training": {"epochs": 1, "batch_size": 4},
        }
    },
    "transfer": {
        "adapted": {
            "split": "hospital",
            "source": "narrowed",
            "task": "translate",
            "adaptation": {"name": "coral", "domain": "domain"},
            "training": {"epochs": 1, "batch_size": 4},
            "tags": {
                "model": "cae",
                "init": "cae",
                "pruning": "structured",
                "adaptation": "coral",
            },
        },
        "known-{split}": {
            "splits": {"folds": {"split": "known"}},
            "model": {"name": "cae", "widths": [8]},
            "task": "translate",
            "training": {"epochs": 1, "batch_size": 8},
            "tags": {"model": "cae", "init": "scratch"},
            "evaluate": {
                "metrics": ["pearson", "peak_sensitivity"],
                "tags": {"calibration": "10 s"},
            },
        },
    },
    "baselines": {
        "oracle": {
            "split": "hospital",
            "baseline": {"name": "mean_beat", "shape": "own"},
            "tags": {"init": "none", "model": "mean beat"},
        }
    },
    "evaluations": {
        "adapted": {"metrics": ["pearson", "peak_sensitivity"], "controls": ["shuffled", "other"]},
        "oracle": {"metrics": ["pearson", "peak_sensitivity"]},
    },
    "tables": {
        "scg_to_ecg": {
            "evaluations": ["adapted", "oracle", "known-*"],
            "primary": "pearson",
            "shown": ["known"],
            "curves": [{"tag": "calibration"}],
            "draws": 200,
        }
    },
    "exports": ["adapted"],
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
    lines = set()
    for block in re.split(r"\n(?=(?:local)?rule )", text):
        head = re.match(r"(?:local)?rule (\w+):", block)
        if head:
            wildcards = re.search(r"wildcards: (.*)", block)
            values = re.findall(r"=([^,\n]+)", wildcards[1]) if wildcards else []
            lines.add(" ".join([head[1], *values]))
    return lines - {"all"}


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


@pytest.fixture(scope="session")
def signals(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A tiny study of SCG and ECG after its first run, one network exported."""
    house = lay(tmp_path_factory.mktemp("signals"), SIGNALS)
    house.snakemake("all", "exports")
    return house


def copied(finished: House, folder: Path) -> House:
    """Copy a finished workflow, to edit."""
    root = folder / "house"
    shutil.copytree(finished.root, root, symlinks=True)
    return House(root)


@pytest.fixture
def house(finished: House, tmp_path: Path) -> House:
    """A copy of the finished workflow, to edit."""
    return copied(finished, tmp_path)


@pytest.fixture
def signal_house(signals: House, tmp_path: Path) -> House:
    """A copy of the finished study of SCG and ECG, to edit."""
    return copied(signals, tmp_path)


@pytest.fixture
def tiny(tmp_path: Path) -> House:
    """The tiny workflow before its first run."""
    return lay(tmp_path / "house", TINY)


@pytest.fixture
def both(tmp_path: Path) -> House:
    """The two tiny studies in one workflow, before its first run."""
    whole: dict = {}
    for one in (TINY, SIGNALS):
        update_config(whole, copy.deepcopy(one))
    return lay(tmp_path / "house", whole)
