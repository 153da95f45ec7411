"""Fetch one database from a mirror, or simulate recordings like its own, and write its manifest."""

from pathlib import Path
from typing import Any

from cardiograft import cli, plugins
from cardiograft.files import write_json
from cardiograft.physionet import mirrors, own
from cardiograft.physionet.collect import collect, locked, transport
from cardiograft.physionet.fetch import Fetcher
from cardiograft.physionet.manifest import lost, make_manifest, summary
from cardiograft.physionet.progress import Progress
from cardiograft.physionet.simulated import recipe, simulate
from cardiograft.physionet.transports import PACE, Folder, Pace
from cardiograft.specs.download import Download


def download(
    spec: Download,
    mirror: str,
    data: Path,
    out: Path,
    jobs: int,
    slowest: int = PACE.least_bytes,
) -> None:
    dataset = plugins.load("datasets", spec.dataset)
    if spec.folder is not None:
        publish(own.manifest_of(dataset, spec, spec.folder), spec, out, Progress(out.stem))
        return
    generated = getattr(dataset, "GENERATED", False)
    if not generated and (spec.simulate is None) == (mirror == mirrors.SIMULATED):
        raise ValueError(f"mirror: {mirror!r} contradicts simulate: {spec.simulate!r} in the spec")
    place = Path(dataset.SLUG, dataset.VERSION)
    if spec.simulate is None:
        root = data / place
        pace = Pace(least_bytes=slowest)
        way = transport(mirror, slug=dataset.SLUG, version=dataset.VERSION, jobs=jobs, pace=pace)
        records = spec.records
    else:
        kind = "generated" if generated else "simulated"
        root = data / kind / recipe(spec) / place
        way, records = Folder(root), None
    progress = Progress(out.stem)
    with locked(root):
        if spec.simulate is not None:
            simulate(dataset, spec, root)
        fetcher = Fetcher(way, root, progress, jobs=jobs)
        collection = collect(fetcher, dataset, records)
        manifest = make_manifest(collection, dataset, spec, root=root)
    publish(manifest, spec, out, progress)


def publish(manifest: dict[str, Any], spec: Download, out: Path, progress: Progress) -> None:
    stop = lost(manifest, spec)
    if stop:
        raise ValueError(stop)
    write_json(out, manifest)
    for line in manifest.get("remarks", []):
        progress.note(line)
    progress.note(summary(manifest))


if __name__ == "__main__":
    parser = cli.parser(__doc__)
    parser.add_argument(
        "--spec",
        type=Download.model_validate_json,
        required=True,
        help="entry of `databases`, as JSON",
    )
    parser.add_argument(
        "--mirror", required=True, help="simulated, https://..., s3://bucket/prefix or a directory"
    )
    parser.add_argument("--data", type=Path, required=True, help="folder that keeps recordings")
    parser.add_argument("--out", type=Path, required=True, help="the manifest, JSON")
    parser.add_argument("--jobs", type=int, default=8, help="files fetched at a time")
    parser.add_argument(
        "--slowest",
        type=int,
        default=PACE.least_bytes,
        help="bytes a minute below which a transfer is broken off and resumed",
    )
    cli.run(download, parser)
