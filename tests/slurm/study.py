"""A study small enough for a test, and how it is run through the profile for SLURM."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
# A training of some ten seconds, in epochs much longer than the time between two saved states.
SAVE_EVERY_S = 2
SPREAD = {
    "split": "strict",
    "model": "cnn",
    "task": "recognise_transform",
    "training": {"epochs": 1, "batch_size": 64},
    "devices": 2,
}
TRAININGS = ("calm", "one", "two", "three", "left")  # alike: of one seed, so of the same bytes
LONG = {
    "split": "strict",
    "model": "cnn",
    "task": "recognise_transform",
    "training": {"epochs": 2, "batch_size": 4},
}


# A network whose repeats are evaluated, each by a job: what groups are for.
REPEATED = {"split": "strict", "model": "cnn", "task": "classify", "training": {"epochs": 1}}


def workflow_tests() -> ModuleType:
    """Return what the tests of whole workflows share: a tiny config, and a place for it."""
    file = ROOT / "tests/workflow/conftest.py"
    spec = importlib.util.spec_from_file_location("workflow_tests", file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def config() -> dict[str, Any]:
    """Return one pretraining, transferred and evaluated."""
    tiny = workflow_tests().TINY
    return {
        **{name: tiny[name] for name in ("mirror", "databases", "segments")},
        "save_every_s": SAVE_EVERY_S,
        "splits": {"strict": tiny["splits"]["strict"]},
        "pretrain": {"pretext": tiny["pretrain"]["pretext"]},
        "transfer": {"grafted": {**tiny["transfer"]["grafted"], "source": "pretext"}},
        "evaluations": {"grafted": tiny["evaluations"]["grafted"]},
        "tables": {"transform_recognition": {"evaluations": ["grafted"]}},
    }


def repeats_config(names: tuple[str, ...], repeats: int) -> dict[str, Any]:
    """Return networks that are trained so often, and evaluated each time."""
    tiny = workflow_tests().TINY
    trained = {**REPEATED, "repeats": repeats}
    return {
        **{name: tiny[name] for name in ("mirror", "databases", "segments")},
        "splits": {"strict": tiny["splits"]["strict"]},
        "transfer": {name: {**trained, "tags": {"init": name}} for name in names},
        "evaluations": dict.fromkeys(names, tiny["evaluations"]["scratch"]),
        "tables": {"transform_recognition": {"evaluations": list(names)}},
    }


class Study:
    """The project, with a config of its own, its profile for SLURM filled in as a user does.

    Attributes
    ----------
    root
        Where it lies.
    """

    def __init__(self, root: Path, whole: dict[str, Any] | None = None, *, init_s: int = 8) -> None:
        self.root = root
        if whole is None:
            whole = config()
            whole["pretrain"].update({**dict.fromkeys(TRAININGS, LONG), "spread": SPREAD})
        workflow_tests().lay(root, whole)
        file = root / "workflow/profiles/slurm/config.yaml"
        profile = yaml.safe_load(file.read_text())
        profile["default-resources"]["slurm_partition"] = "cpu"
        profile["slurm-init-seconds-before-status-checks"] = init_s  # short jobs, seen sooner
        profile["latency-wait"] = 5  # there is one file system
        file.write_text(yaml.safe_dump(profile))
        self.started: list[subprocess.Popen[bytes]] = []

    @classmethod
    def at(cls, root: Path) -> "Study":
        """Return the one that lies there already."""
        study = cls.__new__(cls)
        study.root, study.started = root, []
        return study

    def end(self) -> None:
        """Kill what a test that failed has left: it would submit more jobs."""
        for process in self.started:
            process.kill()
            process.wait()

    def words(self, *arguments: str, profile: str = "slurm") -> list[str]:
        """Return the command that runs it."""
        snakemake = [sys.executable, "-m", "snakemake"]
        return [*snakemake, "--workflow-profile", f"workflow/profiles/{profile}", *arguments]

    @property
    def surroundings(self) -> dict[str, str]:
        """Return the environment of one who calls it on a login node.

        Programs that a test lays in ``bin`` come first.
        """
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "PYTHON"))}
        return {**kept, "PATH": f"{self.root}/bin:{Path(sys.executable).parent}:{kept['PATH']}"}

    def start(
        self, *arguments: str, profile: str = "slurm", log: str = "main.log"
    ) -> subprocess.Popen[bytes]:
        """Start it."""
        with (self.root / log).open("ab") as file:
            process = subprocess.Popen(
                self.words(*arguments, profile=profile),
                cwd=self.root,
                env=self.surroundings,
                stdout=file,
                stderr=file,
            )
        self.started.append(process)
        return process

    def log_text(self, log: str = "main.log") -> str:
        """Return what it has printed."""
        return (self.root / log).read_text("utf-8")

    def run(self, *arguments: str, profile: str = "slurm", log: str = "main.log") -> int:
        """Run it to its end; return its status."""
        return int(self.start(*arguments, profile=profile, log=log).wait())

    def attempts(self, rule: str, job: str) -> list[str]:
        """Return the logs of all attempts at a job, ``pretext/0``, the first one first."""
        folder = self.root / f"results/logs/{rule}/{job}.attempts"
        return [file.read_text("utf-8") for file in sorted(folder.glob("*.log"))]


def jobs() -> list[dict[str, str]]:
    """Return what the scheduler knows of each job, ended ones too.

    `Rule` is what it runs, `Of` the entry and repeat, `Group` the name of several as one.
    """
    done = subprocess.run(["scontrol", "show", "job", "-o"], capture_output=True, text=True)
    rows = []
    for line in done.stdout.splitlines():
        fields = dict(re.findall(r"(\w+)=(\S*)", line))
        if "JobId" not in fields:  # "No jobs in the system"
            continue
        rule, of, entry = fields.get("Comment", "").removeprefix("rule_").partition("_wildcards_")
        # Each rule has wildcards, of which a group says nothing.
        group, _, rule = ("", "", rule) if of else rule.rpartition("_")
        rows.append({**fields, "Rule": rule, "Of": entry, "Group": group})
    return rows
