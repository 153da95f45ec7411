"""A tiny WFDB database, servers to fetch it from, and the way from there to a manifest."""

import contextlib
import functools
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from fractions import Fraction
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import wfdb

from cardiograft.physionet.collect import collect, transport
from cardiograft.physionet.fetch import Fetcher, Patience
from cardiograft.physionet.manifest import make_manifest
from cardiograft.physionet.progress import Progress
from cardiograft.records import Record
from cardiograft.specs.download import Download

SWIFT = Patience(attempts=2, first_s=0.001)
NAMES = ("100", "101", "sub/rec_1")


class Tiny(ModuleType):
    """A data set of WFDB records as they lie, read by wfdb alone."""

    def __init__(self, slug: str = "tiny", **facts: Any) -> None:
        super().__init__(slug)
        self.SLUG, self.VERSION, self.EXTRAS = slug, "1.0.0", ()
        self.WANTED, self.ANNOTATORS = ("MLII", "V5"), ("atr",)
        self.__dict__.update(facts)

    def names(self) -> tuple[str, ...]:
        return NAMES

    def subject(self, root: Path, record: str) -> str:
        return record.partition("/")[0]

    def read(self, root: Path, record: str) -> Record:
        record_read = wfdb.rdrecord(str(root / record))
        return Record(
            dataset=self.SLUG,
            id=record,
            subject=self.subject(root, record),
            signal_CT=record_read.p_signal.T.astype(np.float32),
            rate_hz=Fraction(str(record_read.fs)),
            leads=tuple(record_read.sig_name),
            units=tuple(record_read.units),
            mains_hz=50,
        )

    def simulate(
        self, root: Path, records: tuple[str, ...], seed: int, *, level: float = 0.5
    ) -> None:
        for place, name in enumerate(records):
            write_record(root, name, level=level, seed=seed + place)
        write_lists(root, records)


def write_record(root: Path, name: str, *, level: float = 0.5, seed: int = 0) -> None:
    folder, stem = (root / name).parent, Path(name).name
    folder.mkdir(parents=True, exist_ok=True)
    signal_TC = np.random.default_rng(seed).uniform(-level, level, (400, 2))
    wfdb.wrsamp(
        stem,
        fs=360,
        units=["mV", "mV"],
        sig_name=["MLII", "V5"],
        p_signal=signal_TC,
        fmt=["212", "212"],
        adc_gain=[200, 200],
        baseline=[0, 0],
        write_dir=str(folder),
    )
    marks = np.array([100, 200])
    wfdb.wrann(stem, "atr", marks, symbol=["N", "V"], write_dir=str(folder))


def write_lists(root: Path, records: tuple[str, ...]) -> None:
    (root / "RECORDS").write_text("".join(f"{name}\n" for name in records))
    write_hashes(root)


def write_hashes(root: Path) -> None:
    files = sorted(p for p in root.rglob("*") if p.is_file() and p.name != "SHA256SUMS.txt")
    rows = [f"{sha256(p)} {p.relative_to(root).as_posix()}\n" for p in files]
    (root / "SHA256SUMS.txt").write_text("".join(rows))


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def mirror_of(folder: Path) -> Path:
    """Fill a directory mirror: ``tiny/1.0.0`` holds the database."""
    root = folder / "tiny" / "1.0.0"
    root.mkdir(parents=True)
    Tiny().simulate(root, NAMES, 0)
    return folder


@contextlib.contextmanager
def http_servers() -> Iterator[Callable[[Path], str]]:
    """Serve directories over http: the standard library's server, without Range."""
    servers = []

    class Silent(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    def serve(folder: Path) -> str:
        handler = functools.partial(Silent, directory=str(folder))
        http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(http)
        return f"http://127.0.0.1:{http.server_port}"

    yield serve
    for http in servers:
        http.shutdown()
        http.server_close()


def fetch(
    mirror: Path | str,
    data: Path,
    dataset: Any = None,
    records: int | tuple[str, ...] | None = None,
    max_nonfinite: float = 0.1,
) -> dict[str, Any]:
    dataset = dataset or Tiny()
    root = data / dataset.SLUG / dataset.VERSION
    way = transport(str(mirror), slug=dataset.SLUG, version=dataset.VERSION, jobs=4)
    fetcher = Fetcher(way, root, Progress("test"), jobs=4, patience=SWIFT)
    try:
        collection = collect(fetcher, dataset, records)
    finally:
        if hasattr(way, "client"):
            way.client.close()
    spec = Download(dataset="tiny", records=records, max_nonfinite=max_nonfinite)
    manifest = make_manifest(collection, dataset, spec, root=root)
    json.dumps(manifest)
    return manifest


def reasons(manifest: dict[str, Any]) -> dict[str, str | None]:
    return {row["name"]: row["reason"] for row in manifest["records"]}


def paths(manifest: dict[str, Any]) -> list[str]:
    return [file["path"] for file in manifest["files"]]


def tree(folder: Path) -> tuple[tuple[str, str], ...]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return tuple((p.relative_to(folder).as_posix(), sha256(p)) for p in files)
