"""Jobs as forks of one interpreter: what a script sees, how it ends, and what outlives whom."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cardiograft import locks

BIN = Path(sys.executable).parent
INTERPRETER = Path(__file__).parents[2] / "workflow" / "interpreter"
PLAIN = [sys.executable]
SHOW = """
import json, os, sys
print(json.dumps([sys.argv, os.getcwd(), os.environ["ASKED"], __name__, sys.stdin.read()]))
print("to stderr", file=sys.stderr)
print(os.getppid())
"""
SLEEP = """
import os, pathlib, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))
time.sleep(float(sys.argv[2]))
pathlib.Path(sys.argv[1] + ".ended").touch()
"""


def waited(condition, seconds: float = 30) -> bool:
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.02)
    return bool(condition())


def gone(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == "Z"


class Warm:
    """A server for the scripts of a folder, and how to ask it."""

    def __init__(self, folder: Path, scripts: Path) -> None:
        self.socket = folder / "private" / "socket"
        self.socket.parent.mkdir()
        self.process = subprocess.Popen(
            [sys.executable, INTERPRETER / "server.py", self.socket],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | {"SCRIPTS": str(scripts)},
        )
        self.call = [sys.executable, "-IS", str(INTERPRETER / "client.py"), str(self.socket)]

    def close(self) -> None:
        assert self.process.stdin
        assert self.process.stderr
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stderr.close()


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    folder = tmp_path / "scripts"
    folder.mkdir()
    (folder / "show.py").write_text(SHOW)
    (folder / "sleep.py").write_text(SLEEP)
    return folder


@pytest.fixture
def warm(tmp_path: Path, scripts: Path) -> Iterator[Warm]:
    if sys.platform != "linux":
        pytest.skip("jobs are forked on Linux alone")
    server = Warm(tmp_path, scripts)
    assert waited(server.socket.exists)
    yield server
    server.close()


def test_a_script_sees_what_it_would_in_a_python_of_its_own(warm, scripts, tmp_path):
    def shown(call: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*call, str(scripts / "show.py"), "--a", "b c", "é" * 50_000],
            input="read me",
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=os.environ | {"ASKED": "x" * 50_000},
            check=True,
        )

    forked, plain = shown(warm.call), shown(PLAIN)
    assert forked.stdout.splitlines()[0] == plain.stdout.splitlines()[0]
    assert forked.stderr == plain.stderr == "to stderr\n"
    assert forked.stdout.splitlines()[1] == str(warm.process.pid)
    assert plain.stdout.splitlines()[1] == str(os.getpid())


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("pass", 0),
        ("import sys; sys.exit(3)", 3),
        ("import sys; sys.exit('one line')", 1),
        ("1 / 0", 1),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -9),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", -15),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", -11),
    ],
)
def test_it_ends_as_it_would_in_a_python_of_its_own(warm, scripts, line, status):
    (scripts / "end.py").write_text(line)
    for call in (PLAIN, warm.call):
        done = subprocess.run([*call, str(scripts / "end.py")], capture_output=True, text=True)
        assert done.returncode == status, done.stderr
        assert ("one line" in done.stderr) == ("one line" in line)
        assert ("ZeroDivisionError" in done.stderr) == (line == "1 / 0")


def begun(warm: Warm, scripts: Path, tmp_path: Path, seconds: float) -> tuple:
    mark = tmp_path / f"mark{seconds}"
    client = subprocess.Popen([*warm.call, str(scripts / "sleep.py"), str(mark), str(seconds)])
    assert waited(lambda: mark.exists() and mark.read_text())
    return client, int(mark.read_text()), Path(f"{mark}.ended")


def test_a_request_to_end_reaches_the_job(warm, scripts, tmp_path):
    client, _, ended = begun(warm, scripts, tmp_path, 60)
    client.send_signal(signal.SIGTERM)
    assert client.wait(30) == 7  # what the job's own handler says
    assert not ended.exists()


def test_a_killed_client_takes_its_job_along(warm, scripts, tmp_path):
    client, process, _ = begun(warm, scripts, tmp_path, 60)
    other, living, ended = begun(warm, scripts, tmp_path, 1.5)
    client.kill()
    assert waited(lambda: gone(process))
    client.wait()
    assert other.wait(30) == 0  # nobody else's
    assert ended.exists()
    assert gone(living)


def test_a_job_outlives_the_caller_and_is_told_of(warm, scripts, tmp_path):
    """As jobs do that Snakemake started, when it is killed."""
    client, _, ended = begun(warm, scripts, tmp_path, 1.5)
    warm.process.stdin.close()
    assert client.wait(30) == 0
    assert ended.exists()
    assert warm.process.wait(30) == 0
    assert not warm.socket.parent.exists()
    done = subprocess.run([*warm.call, str(scripts / "sleep.py"), str(tmp_path / "later"), "0"])
    assert done.returncode == 0  # in a Python of its own


def test_a_killed_interpreter_fails_its_jobs(warm, scripts, tmp_path):
    client, process, _ = begun(warm, scripts, tmp_path, 60)
    warm.process.kill()
    assert client.wait(30) == 1
    os.kill(process, signal.SIGKILL)


PARENT = """
import os, pathlib, time
place = pathlib.Path(os.environ["WARM_SOCKET"])
while place.parent.exists() and not place.exists():  # it goes where the interpreter ends
    time.sleep(0.05)
print(os.getppid())
"""
RUN = """
import sys
from pathlib import Path
ROOT = Path({root!r})
sys.path.insert(0, str(ROOT / "src"))
ENVIRONMENT = {{"PYTHONPATH": ROOT / "src", "SCRIPTS": {scripts!r}, "OMP_NUM_THREADS": 1}}
ATTEMPT = TRAINED_BY = ""
from cardiograft.config.command import exports
include: ROOT / "workflow" / "rules" / "interpreter.smk"
rule all:
    input: expand("{{n}}.txt", n=range(8))
rule one:
    output: "{{n}}.txt"
    shell: "python {script} > {{output}}"
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder for scratch files whose path is short, as a socket's has to be."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder)


@pytest.mark.skipif(sys.platform != "linux", reason="jobs are forked on Linux alone")
def test_a_run_takes_away_what_a_killed_one_left_and_leaves_nothing(tmp_path, scripts, place):
    run = tmp_path / "run"
    run.mkdir()
    killed = subprocess.Popen([sys.executable, "-c", ""])
    killed.wait()
    left = place / f"cardiograft-{locks.system()}-{killed.pid}-0123abcd"
    left.mkdir()
    (left / "socket").touch()
    (scripts / "parent.py").write_text(PARENT)
    root, script = str(INTERPRETER.parents[1]), scripts / "parent.py"
    text = RUN.format(root=root, scripts=str(scripts), script=script)
    (run / "Snakefile").write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "1", "--directory", run, "-s", "Snakefile"],
        cwd=run,
        env={**os.environ, "TMPDIR": str(place), "PATH": f"{BIN}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    parents = {(run / f"{n}.txt").read_text() for n in range(8)}
    assert len(parents) == 2  # the first began a Python, the others are one interpreter's forks
    assert waited(lambda: not list(place.iterdir())), list(place.iterdir())


def test_libraries_with_threads_are_not_forked(tmp_path, scripts):
    (scripts / "threaded.py").write_text("import beginning_threads")
    (scripts / "beginning_threads.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=[5], daemon=1).start()"
    )
    done = subprocess.run(
        [sys.executable, INTERPRETER / "server.py", tmp_path / "private" / "socket"],
        env=os.environ | {"SCRIPTS": str(scripts), "PYTHONPATH": str(scripts)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "began 1 threads" in done.stderr
