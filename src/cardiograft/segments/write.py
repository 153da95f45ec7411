"""Cut the recordings of a manifest into shards, one recording in memory at a time.

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
from cardiograft.segments.cutting import CutSegments, Prepared
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
    """Counts of recordings and segments: kept, left out, by label."""

    def __init__(self) -> None:
        self.records = 0
        self.left_out: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()
        self.labels: Counter[str] = Counter()
        self.subjects: set[str] = set()

    def add(self, subject: str, cut: CutSegments) -> None:
        """Count one recording's segments."""
        self.records += 1
        self.dropped += cut.dropped
        self.labels += Counter("" if la is None else la for la in cut.label_N.tolist())
        if len(cut.start_N):
            self.subjects.add(subject)

    def summary(self, manifest: dict[str, Any]) -> dict[str, Any]:
        """Return the content of ``summary.json``; ``left_out`` counts records, not segments."""
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
            cut = plugins.load("cuts", spec.cut.name).cut(prepared, **spec.cut.options)
            if meta is None or writer is None:
                meta = _meta(spec, manifest, prepared, cut)
                writer = open_files.enter_context(shards.Writer(directory, meta, spec.parts))
            if prepared.units + prepared.target_units != meta.units + meta.target_units:
                tally.left_out[f"units {'+'.join(prepared.units + prepared.target_units)}"] += 1
                continue
            writer.write(_rows(record, prepared, cut))
            tally.add(record.subject, cut)


def _records(spec: Segment, manifest: dict[str, Any]) -> Iterator[Record]:
    root = Path(manifest["root"])
    if not root.is_dir():
        raise FileNotFoundError(f"{spec.database}: no recordings at {root}")
    read = plugins.load("datasets", spec.dataset).read
    for entry in manifest["records"]:
        if entry["status"] == "accepted":
            yield read(root, entry["name"])


def _meta(
    spec: Segment, manifest: dict[str, Any], prepared: Prepared, cut: CutSegments
) -> shards.Meta:
    names = tuple(map(_channel, spec.signal.leads))
    target = cut.target_NCT
    return shards.Meta(
        spec=json.loads(spec.canonical()),
        manifest_digest=manifest["digest"],
        simulated=manifest["simulated"],
        rate_hz=spec.rate_hz,
        channels=(*names, *(f"{n} {added}" for added in cut.added for n in names)),
        samples=cut.signal_NCT.shape[2],
        units=prepared.units,
        target_channels=() if spec.target is None else tuple(map(_channel, spec.target.leads)),
        target_samples=0 if target is None else target.shape[2],
        target_units=prepared.target_units,
        features=tuple(cut.features),
    )


def _channel(text: str) -> str:
    return "|".join(leads.canonical(name) for name in text.split("|"))


def _rows(record: Record, prepared: Prepared, cut: CutSegments) -> shards.ShardRows:
    return shards.ShardRows(
        dataset=record.dataset,
        record=record.id,
        subject=record.subject,
        lead=prepared.lead,
        start_N=cut.start_N,
        valid_N=cut.valid_N,
        shape_hash_N=shape_hash(cut.signal_NCT, float(prepared.rate_hz)),
        label_N=cut.label_N,
        signal_NCT=cut.signal_NCT,
        target_NCT=cut.target_NCT,
        features=cut.features,
    )
