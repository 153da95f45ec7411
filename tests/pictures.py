"""Generated pictures, cut and split as a job does it, small."""

import json
from pathlib import Path
from typing import Any

import scripts

from cardiograft.segments.write import write_segments
from cardiograft.specs.download import Download
from cardiograft.specs.segment import Segment
from cardiograft.specs.split import Split

SIZE = 32
OPTIONS = {"size": SIZE, "points": 3000, "fill": 0.2, "spread": 0.2}


def names(classes: int, each: int) -> tuple[str, ...]:
    return tuple(f"c{c:02d}/i{i:03d}" for i in range(each) for c in range(classes))


def manifest(folder: Path, records: tuple[str, ...], mirror: str = "/nowhere") -> dict[str, Any]:
    """Generate pictures as the script does, whatever the mirror; return the manifest."""
    spec = Download(dataset="fractals", records=records, simulate=OPTIONS, seed=0)
    out = folder / "fractals.json"
    scripts.load("download").download(spec, mirror, folder / "data", out, jobs=1)
    content: dict[str, Any] = json.loads(out.read_text("utf-8"))
    return content


def entry() -> Segment:
    return Segment.model_validate(
        {
            "database": "fractals",
            "dataset": "fractals",
            "signal": {"leads": ["picture"], "scale": "none"},
            "rate_hz": 1,
            "cut": {"name": "windows", "window_s": SIZE**2},
            "label": "file_record",
            "parts": 1,
        }
    )


def cut(folder: Path, records: tuple[str, ...]) -> tuple[Path, Path]:
    """Return shards of generated pictures, and an honest split of them by picture."""
    write_segments(entry(), manifest(folder, records), folder / "segments")
    spec = Split(
        segments=("pictures",), scheme="subject", protocol="honest", test=0.0, validation=0.25
    )
    split = folder / "split.parquet"
    scripts.load("split").split(spec, [folder / "segments"], split, folder / "audit.json")
    return folder / "segments", split
