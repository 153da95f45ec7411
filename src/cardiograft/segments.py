"""From recordings to shards: one record in memory at a time, counted where it is left out.

Legend: N segments, C channels, T samples, A annotations.
"""

import json
import math
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from cardiograft import leads, plugins, shards, signals
from cardiograft.duplicates import shape_hash
from cardiograft.pieces import Labels, Pieces, Prepared
from cardiograft.publishing import atomic_directory, write_json
from cardiograft.records import Annotations, Float32, Float64, Int64, Record
from cardiograft.signals import Missing
from cardiograft.specs.segment import Channels, Segment


class UnusableError(Exception):
    """A recording has to be left out; the message is the reason that is counted."""


def segment(spec: Segment, manifest: dict[str, Any], out: Path) -> None:
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


def check_edges(spec: Segment, dataset: str, accepted: list[dict[str, Any]]) -> None:
    """Design every filter for every rate before the first record is read.

    Raises
    ------
    ValueError
        An edge is not below half of a record's rate.
    """
    for rate, name in {r["rate_hz"]: r["name"] for r in reversed(accepted)}.items():
        for key, channels in _chains(spec):
            _design(channels, Fraction(rate), f"{dataset}/{name}: {key}.filter")


def _chains(spec: Segment) -> list[tuple[str, Channels]]:
    both = [("signal", spec.signal)]
    return both if spec.target is None else [*both, ("target", spec.target)]


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


def prepare(record: Record, spec: Segment) -> Prepared:
    """Filter and resample the leads that an entry asks for, and label the recording.

    Raises
    ------
    UnusableError
        The recording lacks a lead, is empty, or its label plug-in says so.
    ValueError
        An edge of a filter is not below half of its rate.
    """
    labels = _labels(record, spec)
    if not record.signal_CT.shape[1]:
        raise UnusableError("no samples")
    chains = _chains(spec)
    by = signals.ratio(record.rate_hz, Fraction(spec.rate_hz))
    chosen = [_choose(record, channels.leads) for _, channels in chains]
    units = [_units(record, rows, c) for rows, (_, c) in zip(chosen, chains, strict=True)]
    sides = [
        _side(record, rows, channels, f"{record.dataset}/{record.id}: {key}.filter", by, spec)
        for rows, (key, channels) in zip(chosen, chains, strict=True)
    ]
    inside, sample_A, labels = _inside(record, by, labels, sides[0][0].shape[1])
    return Prepared(
        name=f"{record.dataset}/{record.id}",
        lead="+".join(record.leads[row] for row in chosen[0]),
        units=units[0],
        target_units=units[1] if spec.target else (),
        signal_CT=sides[0][0],
        target_CT=sides[1][0] if spec.target else None,
        scale=spec.signal.scale,
        target_scale=spec.target.scale if spec.target else "none",
        rate_hz=Fraction(spec.rate_hz),
        source_rate_hz=record.rate_hz,
        offset=record.offset,
        mains_hz=record.mains_hz,
        annotations=inside,
        sample_A=sample_A,
        labels=labels,
        missing_T=np.any([missing_T for _, _, missing_T in sides], axis=0),
        moved_CT=np.concatenate([moved_CT for _, moved_CT, _ in sides]),
    )


def _units(record: Record, rows: list[int], channels: Channels) -> tuple[str, ...]:
    return tuple(record.units[row] if channels.scale == "none" else "1" for row in rows)


def _labels(record: Record, spec: Segment) -> Labels | None:
    if spec.label is None:
        return None
    found: Labels = plugins.load("labels", spec.label.name).label(record, **spec.label.options)
    if found.unusable:
        raise UnusableError(found.unusable)
    return found


def _inside(
    record: Record, by: Fraction, labels: Labels | None, samples: int
) -> tuple[Annotations, Int64, Labels | None]:
    """Leave out marks that lie beyond the signal."""
    marks = record.annotations
    keep_A = (marks.sample_A >= 0) & (marks.sample_A < record.signal_CT.shape[1])
    sample_A = signals.resampled_positions(marks.sample_A[keep_A], by).clip(max=samples - 1)
    if keep_A.all():
        return marks, sample_A, labels
    kept = Annotations(
        sample_A=marks.sample_A[keep_A],
        symbol_A=marks.symbol_A[keep_A],
        aux_A=marks.aux_A[keep_A],
    )
    if labels is not None and labels.mark_A is not None:
        labels = Labels(mark_A=labels.mark_A[keep_A], spans=labels.spans)
    return kept, sample_A, labels


def _choose(record: Record, wanted: tuple[str, ...]) -> list[int]:
    rows = []
    for text in wanted:
        row = leads.index(record.leads, text.split("|"))
        if row is None:
            raise UnusableError(f"no lead {text}")
        rows.append(row)
    return rows


def _side(
    record: Record, rows: list[int], channels: Channels, key: str, by: Fraction, spec: Segment
) -> tuple[Float32, Missing, Missing]:
    """Return signal_CT, moved_CT and missing_T at the rate of the shards, lead by lead."""
    sections_S6 = _design(channels, record.rate_hz, key)
    rate_hz, bridge_ms = record.rate_hz, spec.bridge_ms
    lanes = [_lane(record.signal_CT[row], rate_hz, sections_S6, by, bridge_ms) for row in rows]
    signal_CT, moved_CT, missing_CT = (np.stack(lane) for lane in zip(*lanes, strict=True))
    return signal_CT, moved_CT, np.any(missing_CT, axis=0)


def _lane(
    source_T: Float32,
    rate_hz: Fraction,
    sections_S6: Float64 | None,
    by: Fraction,
    bridge_ms: float,
) -> tuple[Float32, Missing, Missing]:
    # at the source rate a lead may take 60 MB: nothing of that length outlives its line
    whole_T = source_T
    source_T, hole_T = signals.bridge(whole_T, rate_hz, bridge_ms)
    own = source_T is not whole_T
    length = math.ceil(len(source_T) * by)
    missing_T = signals.thinned(hole_T, by, length)
    moved_T = signals.thinned(np.append(False, source_T[1:] != source_T[:-1]), by, length)
    if sections_S6 is not None:
        source_T = signals.filtered(source_T, sections_S6, overwrite=own)
    return signals.resampled(source_T, by), moved_T, missing_T


def _design(channels: Channels, rate_hz: Fraction, key: str) -> Float64 | None:
    if channels.filter is None:
        return None
    return signals.butterworth(
        low_hz=channels.filter.low_hz,
        high_hz=channels.filter.high_hz,
        order=channels.filter.order,
        rate_hz=rate_hz,
        key=key,
    )
