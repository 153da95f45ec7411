"""Cut the recordings of a manifest into shards, one recording in memory at a time.

Legend: N segments, C channels, T samples, A annotations.
"""

import json
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from cardiograft import plugins
from cardiograft.files import atomic_directory, write_json
from cardiograft.records import Record
from cardiograft.segments import rhythms, shards
from cardiograft.segments.choice import UnusableError, channel_units
from cardiograft.segments.cutting import CutSegments, Prepared
from cardiograft.segments.noise import Noises
from cardiograft.segments.prepare import prepare
from cardiograft.segments.source import Source, source_of
from cardiograft.segments.tally import Tally
from cardiograft.signals import leads
from cardiograft.signals.shape_hash import shape_hash
from cardiograft.specs.segment import Segment


def write_segments(
    spec: Segment, manifest: dict[str, Any], out: Path, noise: dict[str, Any] | None = None
) -> str:
    """Cut every accepted record of a manifest; publish shards, fingerprints, ``summary.json``.

    A record that can't be cut as asked is left out, with the reason: whatever is odd about it, the
    others are cut.

    Parameters
    ----------
    noise
        Manifest of the database whose noise is added, where the entry asks for any.

    Returns
    -------
    str
        One line on what was left out or not as usual; empty where nothing was.

    Raises
    ------
    FileNotFoundError
        The recordings, or a file of theirs, are not where the manifest says.
    ValueError
        Nothing is left, or the noise that is asked for can't be given.
    """
    accepted = [r["name"] for r in manifest["records"] if r["status"] == "accepted"]
    tally = Tally()
    with atomic_directory(out) as directory:
        noises = None if noise is None else Noises(spec, noise, accepted)
        _write(spec, manifest, accepted, directory, tally, noises)
        if not tally.labels.total():
            reasons = tally.reasons() + tally.dropped
            why = ", ".join(f"{reason} ({n})" for reason, n in sorted(reasons.items()))
            raise ValueError(f"{spec.database}: no segment of {len(accepted)} records: {why}")
        content = tally.summary(manifest)
        if noises is not None:
            content |= {"noise": noises.about(manifest["dataset"])}
            rhythms.write(directory, noises.fingerprints(), rhythms.NOISES)
            content["simulated"] |= noises.simulated
        write_json(directory / "summary.json", content)
    return tally.line(len(accepted))


def _write(
    spec: Segment,
    manifest: dict[str, Any],
    accepted: list[str],
    directory: Path,
    tally: Tally,
    noises: Noises | None,
) -> None:
    root, most = Path(manifest["root"]), manifest.get("max_nonfinite", 1.0)
    source = source_of(spec.dataset, manifest)
    if not root.is_dir():
        raise FileNotFoundError(f"{spec.database}: no recordings at {root}")
    meta, writer = None, None
    with ExitStack() as open_files:
        fingerprints = open_files.enter_context(rhythms.Writer(directory))
        for name in accepted:
            try:
                record, prepared, cut = _cut(spec, source, root, name, most, noises)
            except (UnusableError, ValueError, ArithmeticError, MemoryError) as error:
                tally.leave_out(name, _reason(error, manifest, name))
                continue
            if meta is None or writer is None:
                meta = _meta(spec, manifest, cut, source.units)
                writer = open_files.enter_context(shards.Writer(directory, meta, spec.parts))
            writer.write(_rows(record, prepared, cut))
            fingerprints.write(*rhythms.of_recording(record, spec))
            tally.add(record, cut, prepared.notes)


def _cut(
    spec: Segment,
    source: Source,
    root: Path,
    name: str,
    most_missing: float,
    noises: Noises | None,
) -> tuple[Record, Prepared, CutSegments]:
    """Return a recording as the file has it, as it is prepared, and its segments."""
    record = source.read(root, name)
    given = record if noises is None else noises.added(record)
    prepared = prepare(given, spec, most_missing, source.units)
    cut: CutSegments = plugins.load("cuts", spec.cut.name).cut(prepared, **spec.cut.options)
    for signal_NCT in (cut.signal_NCT, cut.target_NCT):
        if signal_NCT is not None and not np.isfinite(signal_NCT).all():
            raise UnusableError("values too large to be cut")
    return record, prepared, cut


def _reason(error: Exception, manifest: dict[str, Any], name: str) -> str:
    """Return an error's message in one line, without what differs from record to record."""
    if isinstance(error, MemoryError):  # the other recordings may well fit
        return "too large for this machine's memory"
    message = " ".join(str(error).split()) or type(error).__name__
    message = message.replace(f"{manifest['root']}/", "")
    for place in {manifest["dataset"], manifest.get("slug", manifest["dataset"])}:
        message = message.removeprefix(f"{place}/{name}: ")
    return message


def _meta(
    spec: Segment, manifest: dict[str, Any], cut: CutSegments, units: Mapping[str, str]
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
        units=channel_units(spec.signal, units),
        target_channels=() if spec.target is None else tuple(map(_channel, spec.target.leads)),
        target_samples=0 if target is None else target.shape[2],
        target_units=() if spec.target is None else channel_units(spec.target, units),
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
