"""Made-up recordings in WFDB's formats, a mirror that serves them, and the stages that read them.

Many recordings of 250 beats, or a single one of as many beats as all of them: with the number of
recordings memory must not grow, with the length of the longest it does.

Legend: C leads, T samples, K marks.
"""

import contextlib
import functools
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np

from cardiograft.datasets import _mitdb, _simulated
from cardiograft.datasets._annotation_file import Mark
from cardiograft.files import read_json
from cardiograft.specs.download import Download
from scaling.beats import EACH, plan
from scaling.processes import Axis, Job

RECORDINGS = Axis(f"recordings of {EACH} beats", EACH, 40_000, "10 million segments")
LENGTH = Axis("beats of one recording", 1, 100_000, "a day")
PLACE = Path("mitdb", "1.0.0")
LIKE, PIECE_S = "100", 199  # the recording that all are simulated after: 250 beats


def write_mirror(mirror: Path, recordings: int, pieces: int) -> None:
    """Write a database in PhysioNet's layout: recordings of so many pieces of 250 beats."""
    root = mirror / PLACE
    root.mkdir(parents=True)
    names = [f"{k:05d}" for k in range(recordings)]
    for seed, name in enumerate(names):
        _write(root, name, seed, pieces)
    _simulated.write_listing(root, names, ["atr\tbeats"])


def _write(root: Path, name: str, seed: int, pieces: int) -> None:
    made = _mitdb.recording(LIKE, seed, PIECE_S)
    piece_CT = _simulated.digital(made.signal_CT, gain=200, zero=1024, bits=11)
    length = piece_CT.shape[1]
    stored_CT = np.tile(piece_CT, pieces)
    marks_K = [
        Mark(mark.sample + length * number, mark.symbol, mark.note)
        for number in range(pieces)
        for mark in made.marks
        if mark.sample
    ]
    lines = [
        _simulated.signal_line(f"{name}.dat", one_T, form="212", scale="200 11 1024", name=lead)
        for one_T, lead in zip(stored_CT, made.leads, strict=True)
    ]
    _simulated.write_bytes(root / f"{name}.dat", _simulated.packed(stored_CT, "212"))
    _simulated.write_header(root / f"{name}.hea", f"{name} 2 360 {length * pieces}", lines, [])
    _simulated.write_marks(root, name, marks_K)


class _Quiet(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # a connection serves many files, as PhysioNet's do

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its base's own word
        """Say nothing."""


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on a free port of this machine, and yield its URL."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def write(at: Path, segments: int) -> tuple[Path, Path]:
    """Write a mirror of many recordings, and one of a single one that is as long as all of them."""
    many, one = at / "many", at / "one"
    write_mirror(many, segments // EACH, 1)
    write_mirror(one, 1, segments // EACH)
    return many, one


def jobs(at: Path, segments: int) -> Iterator[Job]:
    """Make recordings, and yield each stage that reads them, in order."""
    count, segment = segments // EACH, plan().spec("segment", "beats")
    many, one = write(at, segments)
    with served(many) as url:
        yield _download("download over HTTP", RECORDINGS, url, at / "by-http", count)
    yield _download("download from a directory", RECORDINGS, str(many), at / "by-folder", count)
    yield _download("download, one recording", LENGTH, str(one), at / "single", 1)
    for row, axis, name in (
        ("segment", RECORDINGS, "by-http"),
        ("segment, one recording", LENGTH, "single"),
    ):
        made = {"manifest": at / name / "mitdb.json", "out": at / name / "beats"}
        yield Job(row, "segment", axis, {"spec": segment, **made})
        cut = read_json(at / name / "beats" / "summary.json")["segments"]
        # the first beats and the last of a recording fill no window
        if not 0.8 * segments < cut < 1.2 * segments:
            raise SystemExit(f"{row}: {cut} segments in place of {segments}")


def applied(at: Path, model: Path) -> Iterator[Job]:
    """Yield a network's predictions of all recordings, and of the long one.

    Parameters
    ----------
    at
        Where `write` put them.
    model
        The folder of a network that `beats` trained.
    """
    for row, axis, which in (
        ("apply", RECORDINGS, "many"),
        ("apply, one recording", LENGTH, "one"),
    ):
        arguments = {"mains-hz": 60, "out": at / "apply" / which}
        yield Job(row, "apply", axis, arguments, places=(model, at / which / PLACE))


def _download(row: str, axis: Axis, mirror: str, at: Path, recordings: int) -> Job:
    arguments = {"mirror": mirror, "data": at / "data", "out": at / "mitdb.json"}
    spec = Download(dataset="mitdb", records=recordings, lost="refused").canonical()
    return Job(row, "download", axis, {"spec": spec, **arguments})
