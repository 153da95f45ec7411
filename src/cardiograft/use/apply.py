"""Put a trained network to use on recordings without labels, one after another."""

import contextlib
import glob
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cardiograft import plugins
from cardiograft.datasets._stream import Stream
from cardiograft.files import DISK_FAULTS, write_json
from cardiograft.segments.choice import UnusableError
from cardiograft.specs.own_folder import OwnFolder
from cardiograft.use.one_recording import Clock, predicted
from cardiograft.use.outputs import EXTENSIONS, Outputs, remove_former
from cardiograft.use.pieces import Named
from cardiograft.use.predictor import Predictor
from cardiograft.use.progress import Progress
from cardiograft.use.recordings import RecordingFile, find, opened

PIECE_S = 3600.0
SUMMARY = "summary.json"


@dataclass
class Report:
    """What became of the recordings.

    Attributes
    ----------
    taken, refused
        By name: what was predicted of each, and why others were not.
    recorded_s
        Length of the former.
    clock
        What all of it took.
    """

    taken: dict[str, dict[str, Any]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    recorded_s: float = 0.0
    clock: Clock = field(default_factory=Clock)

    def speed(self) -> str:
        """Return hours of recording a second, and which share of the time went where."""
        total_s = sum(self.clock.spent_s.values())
        if not total_s:
            return "no time was measured"
        hours = self.recorded_s / 3600
        shares = ", ".join(f"{w} {s / total_s:.0%}" for w, s in self.clock.ranked())
        return f"{hours:.2f} h in {total_s:.1f} s, {hours / total_s:.3g} h a second: {shares}"


def apply(
    model: Predictor,
    records: Sequence[Path],
    out: Path,
    *,
    folder: OwnFolder,
    piece_s: float = PIECE_S,
) -> Report:
    """Predict recordings, each into files of its own below a folder, with ``summary.json``.

    A recording that the network can't take is refused with the reason; the others are predicted.

    Parameters
    ----------
    model
        From `cardiograft.use.loading.ready`, or `cardiograft.use.model.load`.
    records
        Files, WFDB records without an extension, or folders of them.
    out
        Folder; ``<out>/<record>.parquet`` and so on.
    folder
        What is known of the recordings: mains, other names of leads, a unit, a rate, annotations.
    piece_s
        Longer recordings are read in pieces of this length.

    Raises
    ------
    FileNotFoundError, ValueError
        No path names a recording, or predictions would be written over one.
    """
    recordings = find(records, folder)
    _check_kept(recordings, out)
    (out / SUMMARY).unlink(missing_ok=True)  # of a former run: this one may be interrupted
    report = Report()
    with Progress(len(recordings)) as progress:
        for line in about(model, folder):
            progress.say(line)
        for one in recordings:
            try:
                report.taken[one.name] = _one(model, one, out, folder, piece_s, report, progress)
            except (UnusableError, ValueError, FileNotFoundError, ArithmeticError) as error:
                reason = " ".join(str(error).split())
            except OSError as error:
                if error.errno in DISK_FAULTS:
                    raise
                reason = f"{error.strerror}: {error.filename}"
            except MemoryError:
                reason = "too large for this machine's memory"
            else:
                continue
            if remove_former(out / one.name):
                reason += "; its predictions of a former run are removed"
            report.refused[one.name] = reason
            progress.say(f"{one.name}: refused: {reason}")
    write_json(out / SUMMARY, _summary(model, folder, report))
    return report


def _check_kept(recordings: Sequence[RecordingFile], out: Path) -> None:
    """Refuse a folder in which predictions would be written over what they are made of.

    Raises
    ------
    ValueError
        See above.
    """
    places = [one.root / one.record for one in recordings]
    read = {f.resolve() for p in places for f in p.parent.glob(f"{glob.escape(p.name)}.*")}
    for one in recordings:
        for extension in EXTENSIONS:
            file = out / f"{one.name}.{extension}"
            if file.resolve() in read:
                raise ValueError(f"{file} is read, and would be written over: name another --out")


def about(model: Predictor, folder: OwnFolder) -> Iterator[str]:
    """Yield what is to be known of a model before its predictions."""
    meta, spec = model.segments, model.spec
    leads = "; ".join(" or else ".join(text.split("|")) for text in spec.signal.leads)
    yield f"takes {leads} at {meta.rate_hz:g} Hz, cut by {spec.cut.name}; gives" + (
        f" a signal of {', '.join(model.labels)}"
        if model.kind == "signal"
        else f" {', '.join(model.labels)}"
    )
    if model.threshold is not None:
        yield f"{model.threshold.label}: from a probability of {model.threshold.at:.3g} on"
    elif model.own_threshold is not None:
        own = model.own_threshold
        yield f"the most probable class; its validation part is best told apart by {own.label} from"
        yield f"  a probability of {own.at:.3g} on: --threshold validation"
    if model.finds_beats:
        source = folder.annotator and f"annotated ({folder.annotator})"
        yield f"heart beats: {source or f'detected, mains of {folder.mains_hz} Hz'}"
    if model.simulated:
        yield "its network was trained on SIMULATED recordings: it knows no person's heart"


def mains_hz(segments: dict[str, Any]) -> int:
    """Return the mains of the recordings that a model was trained on."""
    return int(plugins.constants("datasets", segments["dataset"])["MAINS_HZ"])


def _one(
    model: Predictor,
    recording: RecordingFile,
    out: Path,
    folder: OwnFolder,
    piece_s: float,
    report: Report,
    progress: Progress,
) -> dict[str, Any]:
    """Predict one recording; return what the summary has of it."""
    with report.clock.of("reading"):
        stream = opened(recording, folder)
    whose = Named(folder.name, recording.record)
    dropped: Counter[str] = Counter()
    leads: Counter[str] = Counter()
    notes: dict[str, None] = dict.fromkeys(stream.notes)
    number = 0
    with (
        progress.recording(recording.name, stream.duration_s),
        contextlib.ExitStack() as stack,
    ):
        outputs = stack.enter_context(
            Outputs(out / recording.name, model, _metadata(model, stream))
        )
        for piece in predicted(model, stream, whose, folder, piece_s=piece_s, clock=report.clock):
            with report.clock.of("writing"):
                outputs.add(piece)
            dropped += piece.dropped
            leads[piece.lead] += len(piece.start_N)
            notes |= dict.fromkeys(piece.notes)
            number += 1
            progress.reached(piece.stop_s)
        if not outputs.segments:
            raise UnusableError(f"no segment: {_counted(dropped) or 'too short'}")
    report.recorded_s += stream.duration_s
    row = {
        "hours": round(stream.duration_s / 3600, 6),
        "segments": outputs.segments,
        "lead": dict(leads),
        "predicted": dict(outputs.counts.most_common()),
        # of several pieces the margins are counted twice
        "dropped" if number == 1 else "dropped_at_most": dict(dropped.most_common()),
        "notes": list(notes),
    }
    progress.say(f"{recording.name}: {_line(row, model)}")
    return row


def _line(row: dict[str, Any], model: Predictor) -> str:
    parts = [f"{row['segments']} segments of lead {' and '.join(row['lead'])}"]
    if row["predicted"]:
        parts.append(_counted(row["predicted"]))
    missing = row.get("dropped") or row.get("dropped_at_most")
    if missing:
        parts.append(f"left out {'' if 'dropped' in row else 'at most '}{_counted(missing)}")
    return "; ".join([*parts, *row["notes"]])


def _counted(counts: dict[str, int] | Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def _metadata(model: Predictor, stream: Stream) -> bytes:
    """Return what the Parquet file says of itself."""
    known = {
        "kind": model.kind,
        "labels": list(model.labels),
        "model": model.where,
        "weights_sha256": model.digest,
        "simulated": model.simulated,
        "threshold": model.threshold and model.threshold._asdict(),
        "duration_s": stream.duration_s,
        "rate_hz": model.segments.rate_hz,
    }
    return json.dumps(known, sort_keys=True).encode()


def _summary(model: Predictor, folder: OwnFolder, report: Report) -> dict[str, Any]:
    return {
        "model": model.where,
        "weights_sha256": model.digest,
        "trained_on_simulated": model.simulated,
        "labels": list(model.labels),
        "threshold": model.threshold and model.threshold._asdict(),
        "cut": json.loads(model.spec.canonical()),
        "mains_hz": folder.mains_hz,
        "beats": folder.annotator or ("detected" if model.finds_beats else None),
        "recordings": report.taken,
        "refused": report.refused,
        "hours": round(report.recorded_s / 3600, 6),
        "seconds": {work: round(s, 3) for work, s in report.clock.ranked()},
    }


def finish(report: Report, *, allow_refused: bool = False) -> None:
    """Say how fast it went and what was refused; end with status 1 where something was.

    With `allow_refused` only where nothing else was predicted.
    """
    count = len(report.taken)
    sys.stderr.write(f"{count} of {count + len(report.refused)} recordings: {report.speed()}\n")
    if report.refused and not (allow_refused and report.taken):
        sys.exit(1)
