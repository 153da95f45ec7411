"""What a config needs: its mirror, and room on disk for its recordings and segments."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cardiograft import plugins
from cardiograft.config.entries import Database
from cardiograft.config.files import check_writable
from cardiograft.config.schema import Config
from cardiograft.config.show import read
from cardiograft.files import read_json
from cardiograft.physionet import listings, mirrors
from cardiograft.specs.segment import Segment
from cardiograft.use.doctor import LOW_GB, Finding, Here
from cardiograft.use.recordings import RecordingFile, opened

BYTES = 4  # of a sample in a shard
BEATS_S = 0.8  # ASSUME a beat every 0.8 s, where segments stand at beats


class Room(NamedTuple):
    """Bytes that are there already, bytes to come, and names of which that is not known."""

    there: float = 0
    to_come: float = 0
    unknown: tuple[str, ...] = ()


def examine(here: Here) -> Iterator[Finding]:
    """Yield what a run of the config would meet."""
    try:
        resolved = read(here.configfiles, here.root).config
    except (ValueError, FileNotFoundError) as error:
        yield Finding("wrong", "config", " ".join(str(error).split()))
        return
    entries = sum(len(getattr(resolved, k)) for k in ("pretrain", "prune", "transfer"))
    yield Finding("ok", "config", f"{entries} trainings on {len(resolved.databases)} databases")
    yield from mirror(resolved)
    yield from disk(resolved)


def mirror(config: Config) -> Iterator[Finding]:
    """Look at the mirror, and in a directory for each database."""
    try:
        mirrors.check(config.mirror)
    except (ValueError, FileNotFoundError) as error:
        yield Finding("wrong", "mirror", str(error).removeprefix("mirror: "))
        return
    what = "recordings are SIMULATED" if config.simulated else "can be reached"
    yield Finding("ok", "mirror", f"{config.mirror}: {what}")
    for name, entry in config.databases.items():
        place = _published(config, name)
        if entry.folder is not None and not Path(entry.folder.path).expanduser().is_dir():
            yield Finding("wrong", "mirror", f"{name}: no folder {entry.folder.path}")
        elif place is not None and not place.is_dir() and not _manifest(config, name).is_file():
            yield Finding("wrong", "mirror", f"{name}: no directory {place}")


def disk(config: Config) -> Iterator[Finding]:
    """Compare the room on disk with what recordings and segments take."""
    for key in ("data", "results"):
        try:
            check_writable(key, Path(getattr(config, key)))
        except ValueError as error:
            yield Finding("wrong", "disk", str(error))
            return
    recordings, segments = _recordings(config), _segments(config)
    to_come = recordings.to_come + segments.to_come
    free = _free(Path(config.results))
    there = recordings.there + segments.there
    line = (
        f"{free / 1e9:.1f} GB free; recordings and segments: {there / 1e9:.2f} GB there,"
        f" about {to_come / 1e9:.2f} GB to come"
    )
    unknown = (*recordings.unknown, *segments.unknown)
    if unknown:
        line += f", and {len(unknown)} not known before a download ({unknown[0]} ...)"
    short = free - to_come
    yield Finding("wrong" if short < 0 else "look" if short < LOW_GB * 1e9 else "ok", "disk", line)


def _recordings(config: Config) -> Room:
    """Return the room of databases that are copied; folders of one's own stay where they are."""
    there, to_come, unknown = 0.0, 0.0, []
    for name, entry in config.databases.items():
        manifest, place = _manifest(config, name), _published(config, name)
        if entry.folder is not None:
            continue
        if manifest.is_file():
            there += sum(file["bytes"] for file in read_json(manifest)["files"])
        elif place is not None and place.is_dir():
            size = sum(f.stat().st_size for f in place.rglob("*") if f.is_file())
            some = entry.records if isinstance(entry.records, int) else None
            listed = place / "RECORDS"
            count = len(listings.text(listed).split()) if listed.is_file() else None
            to_come += size * min(1.0, some / count) if some and count else size
        else:
            unknown.append(name)
    return Room(there, to_come, tuple(unknown))


def _segments(config: Config) -> Room:
    there, to_come, unknown = 0.0, 0.0, []
    for name, spec in config.segments.items():
        shards = list((Path(config.results) / "segments" / name).glob("part-*.parquet"))
        manifest = _manifest(config, spec.database)
        if shards:
            there += sum(file.stat().st_size for file in shards)
        elif manifest.is_file():
            records = read_json(manifest)["records"]
            to_come += _seconds(records) * _bytes_a_second(spec)
        elif (seconds := _seconds_of_own(config.databases[spec.database])) is not None:
            to_come += seconds * _bytes_a_second(spec)
        else:
            unknown.append(name)
    return Room(there, to_come, tuple(unknown))


def _seconds(records: list[dict[str, float]]) -> float:
    return sum(r["samples"] / r["rate_hz"] for r in records if r.get("rate_hz"))


def _seconds_of_own(entry: Database) -> float | None:
    """Return how long the recordings of a folder of one's own are in all, by their headers."""
    if entry.folder is None or entry.dataset == "csv_folder":  # of which all has to be read
        return None
    root = Path(entry.folder.path).expanduser()
    if not root.is_dir():
        return None
    seconds = 0.0
    for name in plugins.load("datasets", entry.dataset).record_names(root, folder=entry.folder):
        with contextlib.suppress(ValueError, OSError):  # which a download would quarantine
            seconds += opened(RecordingFile(root, name, entry.dataset), entry.folder).duration_s
    return seconds


def _bytes_a_second(spec: Segment) -> float:
    """Return the size of shards for a second of recording, before compression."""
    options = spec.cut.options
    channels = len(spec.signal.leads) + (len(spec.target.leads) if spec.target else 0)
    channels += len(spec.signal.leads) * (
        2 * options.get("neighbours", 0)
        + bool(options.get("median_beat"))
        + (options.get("difference", "none") != "none")
    )
    if "peaks" in options:
        window_s = options.get("before_s", 0) + options.get("after_s", 0)
        samples = options.get("samples") or window_s * spec.rate_hz
        return float(BYTES * channels * samples / BEATS_S)
    window_s = options.get("window_s") or 1.0
    overlap = window_s / (options.get("step_s") or window_s)
    return float(BYTES * channels * spec.rate_hz * overlap)


def _published(config: Config, name: str) -> Path | None:
    """Return where a directory mirror has a database; None where there is no such mirror."""
    if config.simulated or "://" in config.mirror or config.databases[name].folder is not None:
        return None
    constants = plugins.constants("datasets", config.databases[name].dataset)
    slug, version = str(constants["SLUG"]), str(constants["VERSION"])
    return Path(config.mirror).expanduser() / slug / version


def _manifest(config: Config, name: str) -> Path:
    return Path(config.results) / "manifests" / f"{name}.json"


def _free(folder: Path) -> float:
    there = folder.absolute()
    while not there.exists():
        there = there.parent
    return float(shutil.disk_usage(there).free)
