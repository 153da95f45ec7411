"""Look at what runs depend on, in one screen: environment, versions, config, mirror, disk, memory.

Each finding is a line: ``ok``, ``look`` (a run goes on, and may surprise) or ``wrong`` (a run
stops), with what to do. Nothing is changed, and no library but the standard one has to be there.
"""

import argparse
import importlib
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple

DESCRIPTION = "Look at the environment, versions, config, mirror, disk, memory and GPU."
LEAST_PYTHON = (3, 11)
TRAINING_MB = 4000  # what a training asks for at first (workflow/rules/training.smk)
LOW_GB = 2.0  # of disk: what is less has stopped runs
SHOWN = 6
# Libraries that only some ask for, with what they are for.
OPTIONAL = {
    "pyedflib": "EDF recordings: pip install 'cardiograft[edf]'",
    "openpyxl": "spreadsheets of subjects: pip install 'cardiograft[xlsx]'",
    "snakemake-executor-plugin-slurm": "SLURM: pip install 'cardiograft[slurm]'",
}
NAME = re.compile(r"[A-Za-z0-9._-]+")
Level = Literal["ok", "look", "wrong"]


class Finding(NamedTuple):
    """One line: how it is, what was looked at, and what to know or do."""

    level: Level
    what: str
    line: str


SOURCE = Path(__file__).parents[3]  # of a checkout, the workflow's folder


class Here(NamedTuple):
    """What a run would begin with: the workflow's folder, and files laid on its config."""

    root: Path
    configfiles: list[Path]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument(
        "--configfile", type=Path, action="append", default=[], help="a file on top of config"
    )


def run(configfile: list[Path]) -> None:
    """Print what is found; end with status 1 where a run would stop."""
    here = Here(workflow_folder() or Path.cwd(), configfile)
    worst = False
    for finding in examine(here):
        worst = worst or finding.level == "wrong"
        sys.stdout.write(f"{finding.level:6}{finding.what:10} {finding.line}\n")
        sys.stdout.flush()
    if worst:
        sys.exit(1)


def workflow_folder() -> Path | None:
    """Return the folder of the workflow: this one, or of a folder with a config the checkout."""
    here = Path.cwd()
    if (here / "Snakefile").is_file():
        return here
    return SOURCE if Path("config.yaml").is_file() and (SOURCE / "Snakefile").is_file() else None


def examine(here: Here) -> Iterator[Finding]:
    """Yield the findings, one check after another; a check that fails is a finding too."""
    checks: list[tuple[str, Callable[[Here], Iterator[Finding]]]] = [
        ("python", python),
        ("libraries", libraries),
        ("gpu", gpu),
        ("memory", memory),
        ("workflow", workflow),
        ("config", config),
    ]
    for what, check in checks:
        try:
            yield from check(here)
        except Exception as error:  # whatever is odd about a machine, the others are looked at
            yield Finding("look", what, f"can't be looked at: {type(error).__name__}: {error}")


def python(here: Here) -> Iterator[Finding]:
    """Look at the interpreter, and at the one that jobs would find."""
    version = ".".join(map(str, sys.version_info[:3]))
    new = sys.version_info[:2] >= LEAST_PYTHON
    need = "" if new else f"; {'.'.join(map(str, LEAST_PYTHON))} or newer is needed"
    yield Finding("ok" if new else "wrong", "python", f"{version} at {sys.executable}{need}")
    # rules call `python`, whichever is first
    python_path = shutil.which("python")
    if python_path is None:
        yield Finding("wrong", "python", "jobs call `python`, which is nowhere on PATH")
    elif Path(python_path).parent != Path(sys.executable).parent:
        folder = Path(sys.executable).parent
        yield Finding(
            "look",
            "python",
            f"jobs call {python_path}, another one: put {folder} first on PATH, or use make",
        )


def libraries(here: Here) -> Iterator[Finding]:
    """Compare what is installed with what is needed, and with the versions that were tested."""
    missing, odd = [], []
    tested = constraints(here.root / "envs" / "constraints.txt")
    for name in required():
        have = installed(name)
        if have is None:
            missing.append(name)
        elif name in tested and tested[name] != have.partition("+")[0]:  # torch 2.13.0+cpu
            odd.append(f"{name} {have} (tested: {tested[name]})")
    if missing:
        fix = "pip install -c envs/constraints.txt -e ."
        yield Finding("wrong", "libraries", f"missing: {', '.join(missing)}: {fix}")
    if odd:
        line = f"other than tested: {_few(odd)}: results may differ in the last digits"
        yield Finding("look", "libraries", line)
    if not missing and not odd:
        against = "as tested" if tested else "there; envs/constraints.txt is not, to compare with"
        yield Finding("ok", "libraries", f"{len(required())} {against}")
    absent = [text for name, text in OPTIONAL.items() if installed(name) is None]
    if absent:
        yield Finding("ok", "libraries", f"not there, and only needed for {'; '.join(absent)}")


def required() -> list[str]:
    """Return the libraries that the package needs, as it was installed or as its source says."""
    try:
        lines = importlib.metadata.requires("cardiograft") or []
    except importlib.metadata.PackageNotFoundError:
        import tomllib

        source = Path(__file__).parents[3] / "pyproject.toml"
        if not source.is_file():
            return []
        lines = tomllib.loads(source.read_text("utf-8"))["project"]["dependencies"]
    names = [NAME.match(line) for line in lines if "extra ==" not in line]
    return sorted(name[0].lower() for name in names if name)


def installed(name: str) -> str | None:
    """Return a library's version, None where it is not there."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def constraints(file: Path) -> dict[str, str]:
    """Return the tested version of each library."""
    if not file.is_file():
        return {}
    pairs = (line.partition("==") for line in file.read_text("utf-8").splitlines())
    return {name.strip().lower(): v.split(";")[0].strip() for name, equals, v in pairs if equals}


def gpu(here: Here) -> Iterator[Finding]:
    """Look for an accelerator, by torch's own word."""
    code = (
        "import torch; a = torch.accelerator; "
        "print(a.current_accelerator() if a.is_available() else 'none', torch.__version__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no word of why"])[-1]
        yield Finding("wrong", "gpu", f"torch does not start: {reason}")
        return
    device, version = done.stdout.split()
    card = shutil.which("nvidia-smi")
    if device != "none":
        yield Finding("ok", "gpu", f"{device}, torch {version}")
    elif card and "+cpu" in version:
        line = f"a card is there, but torch {version} is built without: install one with CUDA"
        yield Finding("look", "gpu", line)
    else:
        yield Finding("ok", "gpu", f"none: networks train on the CPU (torch {version})")


def memory(here: Here) -> Iterator[Finding]:
    """Compare the memory that is free with what a training asks for."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    free = free_memory_mb()
    if free is None:
        yield Finding("ok", "memory", f"not known on this system; {cores} cores")
        return
    at_once = int(free // TRAINING_MB)
    enough = at_once >= 1
    line = f"{free / 1000:.1f} GB free, {cores} cores: room for {at_once} trainings at a time"
    if not enough:
        line += f"; one asks for {TRAINING_MB / 1000:g} GB and may be killed"
    elif at_once < (cores or 1):
        line += f": snakemake --cores {at_once}, or less at once by --resources mem_mb={free:.0f}"
    yield Finding("ok" if enough else "look", "memory", line)


def free_memory_mb() -> float | None:
    """Return the memory that new processes can have, in MB (10^6 bytes)."""
    info = Path("/proc/meminfo")
    if not info.is_file():
        return None
    match = re.search(r"^MemAvailable:\s+(\d+) kB", info.read_text(), re.MULTILINE)
    return None if match is None else int(match[1]) * 1024 / 1e6


def workflow(here: Here) -> Iterator[Finding]:
    """Look at Snakemake's own folder, caches and scratch space."""
    state = Path(".snakemake")
    locks = list((state / "locks").glob("*")) if (state / "locks").is_dir() else []
    if locks:
        yield Finding(
            "look",
            "workflow",
            "locked: another run is going on in this folder; if none is, it was killed:"
            " snakemake --unlock",
        )
    broken = state / "incomplete"
    count = sum(1 for file in broken.rglob("*") if file.is_file()) if broken.is_dir() else 0
    if count and not locks:
        yield Finding(
            "look",
            "workflow",
            f"{count} outputs of a killed run are incomplete: snakemake --rerun-incomplete",
        )
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    if not _writable(cache):
        yield Finding(
            "wrong",
            "workflow",
            f"snakemake can't write its cache {cache}: set XDG_CACHE_HOME, or use make",
        )
    scratch = Path(tempfile.gettempdir())
    free = shutil.disk_usage(scratch).free / 1e9
    if free < LOW_GB:
        line = f"{free:.1f} GB free for scratch files at {scratch}: set TMPDIR to a larger disk"
        yield Finding("look", "disk", line)


def config(here: Here) -> Iterator[Finding]:
    """Read the config as a run would, and look at its mirror and at the disk that it needs."""
    if not (here.root / "Snakefile").is_file():
        line = f"no Snakefile in {here.root}: call this in the workflow's folder to look at config"
        yield Finding("ok", "config", line)
        return
    try:
        module: Any = importlib.import_module("cardiograft.use.needs")
    except ImportError as error:
        yield Finding("wrong", "config", f"can't be read: {error}")
        return
    yield from module.examine(here)


def _writable(folder: Path) -> bool:
    there = folder.absolute()
    while not there.exists() and there != there.parent:
        there = there.parent
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def _few(names: list[str]) -> str:
    more = [f"{len(names) - SHOWN} more"] if len(names) > SHOWN else []
    return ", ".join([*names[:SHOWN], *more])
