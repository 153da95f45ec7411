"""From recordings to shards: one record in memory at a time, counted where it is left out.

Legend: N segments, C channels, T samples, A annotations.
"""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from cardiograft import plugins
from cardiograft.files import atomic_directory, write_json
from cardiograft.records import Record
from cardiograft.segments import shards
from cardiograft.segments.cutting import Pieces, Prepared
from cardiograft.segments.prepare import UnusableError, check_edges, prepare
from cardiograft.signals import leads
from cardiograft.signals.shape_hash import shape_hash
from cardiograft.specs.segment import Segment


def write_segments(spec: Segment, manifest: dict[str, Any], out: Path) -> None:
    """Cut every accepted record of a manifest and publish the shards and ``summary.json``.

    Raises
    ------
    FileNotFoundError
        The recordings are not where the manifest says.
    ValueError
        Nothing is left, or an edge of a filter is not below half of a record's rate.
    """
    accepted = [r for r in manifest["records"] if r["status"] == "accepted"]
    check_edges(spec, manifest["dataset"], accepted)
    tally = Tally()
    with atomic_directory(out) as directory:
        _write(spec, manifest, directory, tally)
        if not tally.labels.total():
            reasons = {**tally.left_out, **tally.dropped}
            why = ", ".join(f"{reason} ({n})" for reason, n in sorted(reasons.items()))
            raise ValueError(f"{spec.database}: no segment of {len(accepted)} records: {why}")
        write_json(directory / "summary.json", tally.summary(manifest))


class Tally:
    """Counts of what became of the recordings and of their segments."""

    def __init__(self) -> None:
        self.records = 0
        self.left_out: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()
        self.labels: Counter[str] = Counter()
        self.subjects: set[str] = set()

    def add(self, subject: str, pieces: Pieces) -> None:
        """Count one recording's pieces."""
        self.records += 1
        self.dropped += pieces.dropped
        self.labels += Counter("" if la is None else la for la in pieces.label_N.tolist())
        if len(pieces.start_N):
            self.subjects.add(subject)

    def summary(self, manifest: dict[str, Any]) -> dict[str, Any]:
        """Return what ``summary.json`` says; ``left_out`` counts records, not segments."""
        return {
            "segments": self.labels.total(),
            "dropped": dict(sorted(self.dropped.items())),
            "records": self.records,
            "left_out": dict(sorted(self.left_out.items())),
            "labels": {name: n for name, n in sorted(self.labels.items()) if name},
            "subjects": len(self.subjects),
            "simulated": manifest["simulated"],
            "manifest_digest": manifest["digest"],
            "source_rate_hz": {
                f"{manifest['dataset']}/{r['name']}": float(r["rate_hz"])
                for r in manifest["records"]
                if r["status"] == "accepted"
            },
        }


def _write(spec: Segment, manifest: dict[str, Any], directory: Path, tally: Tally) -> None:
    meta, writer = None, None
    with ExitStack() as open_files:
        for record in _records(spec, manifest):
            try:
                prepared = prepare(record, spec)
            except UnusableError as reason:
                tally.left_out[str(reason)] += 1
                continue
            pieces = plugins.load("cuts", spec.cut.name).cut(prepared, **spec.cut.options)
            if meta is None or writer is None:
                meta = _meta(spec, manifest, prepared, pieces)
                writer = open_files.enter_context(shards.Writer(directory, meta, spec.parts))
            if prepared.units + prepared.target_units != meta.units + meta.target_units:
                tally.left_out[f"units {'+'.join(prepared.units + prepared.target_units)}"] += 1
                continue
            writer.write(_rows(record, prepared, pieces))
            tally.add(record.subject, pieces)


def _records(spec: Segment, manifest: dict[str, Any]) -> Iterator[Record]:
    root = Path(manifest["root"])
    if not root.is_dir():
        raise FileNotFoundError(f"{spec.database}: no recordings at {root}")
    read = plugins.load("datasets", spec.dataset).read
    for entry in manifest["records"]:
        if entry["status"] == "accepted":
            yield read(root, entry["name"])


def _meta(
    spec: Segment, manifest: dict[str, Any], prepared: Prepared, pieces: Pieces
) -> shards.Meta:
    names = tuple(map(_channel, spec.signal.leads))
    target = pieces.target_NCT
    return shards.Meta(
        spec=json.loads(spec.canonical()),
        manifest_digest=manifest["digest"],
        simulated=manifest["simulated"],
        rate_hz=spec.rate_hz,
        channels=(*names, *(f"{n} {added}" for added in pieces.added for n in names)),
        samples=pieces.signal_NCT.shape[2],
        units=prepared.units,
        target_channels=() if spec.target is None else tuple(map(_channel, spec.target.leads)),
        target_samples=0 if target is None else target.shape[2],
        target_units=prepared.target_units,
        features=tuple(pieces.features),
    )


def _channel(text: str) -> str:
    return "|".join(leads.canonical(name) for name in text.split("|"))


def _rows(record: Record, prepared: Prepared, pieces: Pieces) -> shards.Rows:
    return shards.Rows(
        dataset=record.dataset,
        record=record.id,
        subject=record.subject,
        lead=prepared.lead,
        start_N=pieces.start_N,
        valid_N=pieces.valid_N,
        shape_hash_N=shape_hash(pieces.signal_NCT, float(prepared.rate_hz)),
        label_N=pieces.label_N,
        signal_NCT=pieces.signal_NCT,
        target_NCT=pieces.target_NCT,
        features=pieces.features,
    )
