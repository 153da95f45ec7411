"""Clean recordings with noise of other recordings, or with faults, added stretch by stretch.

What was added to which stretch stands in the recording's annotations, for labels to read: the code
`cardiograft.records.NOISE`, with a note such as ``em -3.25 1.40`` (a noise, its ratio in decibels,
and that of the piece that lies here), ``flat_line`` or ``clean``.

Legend: C leads, T samples, U samples of a noise, A beats.
"""

import dataclasses
import zlib
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from cardiograft.records import BEATS, NOISE, Annotations, Float32, Float64, Int64, Record
from cardiograft.segments import rhythms
from cardiograft.segments.choice import UnusableError
from cardiograft.segments.source import called, source_of
from cardiograft.signals import leads, noise_mixing, units
from cardiograft.signals.faults import CLEAN
from cardiograft.signals.peaks import qrs_peaks
from cardiograft.signals.resampling import ratio, resampled
from cardiograft.specs.segment import Noise, Segment

UNIT = "mV"  # in which noise is added, and faults are made


class Noises:
    """Recordings of noise, and which piece of them each clean recording is given.

    Parameters
    ----------
    spec
        Entry of `segments` that asks for noise.
    manifest
        Of the database of noise: its accepted recordings, whose names are the kinds.
    records
        Names of all clean recordings, of which each has a piece of its own.

    Raises
    ------
    FileNotFoundError
        A recording of noise, or a file of it, is not where the manifest says.
    ValueError
        Nobody asked for noise, no recording has a name that is asked for, or the pieces are
        shorter than a stretch.
    """

    def __init__(self, spec: Segment, manifest: Mapping[str, Any], records: Sequence[str]) -> None:
        if spec.noise is None:
            raise ValueError(f"{spec.database}: no noise is asked for")
        self._spec, self._leads = spec.noise, spec.signal.leads
        self._digest = manifest["digest"]
        self.simulated = bool(manifest["simulated"])
        self._called = called(manifest)
        self._of = _recordings(spec.noise, manifest)
        self._place = {name: place for place, name in enumerate(sorted(records))}
        if spec.noise.apart:
            self._check_pieces()
        self._at_rate: dict[Fraction, dict[str, Float64]] = {}

    def added(self, record: Record) -> Record:
        """Return a recording with noise on the leads that the entry names, and marks of it.

        Every lead is given the same kinds at the same times: leads in a row, signals of the
        noise in a row. What is drawn depends on the recording's name and the entry's seed alone.

        Raises
        ------
        UnusableError
            A lead has no beat to measure it by, or no unit of voltage, or lies at another rate
            than the recording's first.
        """
        rows = self._rows(record)
        number = zlib.crc32(f"{record.dataset}/{record.id}".encode())
        first = int(np.random.default_rng([self._spec.seed, number, 0]).integers(1 << 16))
        signal_CT = record.signal_CT.copy()
        stretches: Sequence[noise_mixing.Stretch] = ()
        for count, row in enumerate(rows):
            rng = np.random.default_rng([self._spec.seed, number, 1])  # alike for every lead
            signal_CT[row], stretches = self._lead(record, row, first + count, rng)
        marks = _marked(record.annotations, stretches)
        return dataclasses.replace(record, signal_CT=signal_CT, annotations=marks)

    def within(self, record: str) -> tuple[float, float]:
        """Return from where to where a recording's noise is taken, as shares of the noise's."""
        if not self._spec.apart:
            return 0.0, 1.0
        pieces = len(self._place)
        return self._place[record] / pieces, (self._place[record] + 1) / pieces

    def about(self, dataset: str) -> dict[str, Any]:
        """Return what ``summary.json`` says of it: which recordings have which piece of what."""
        return {
            "database": self._spec.database,
            "manifest_digest": self._digest,
            "noises": sorted(f"{self._called}/{name}" for name in self._of),
            "pieces": {f"{dataset}/{record}": self.within(record) for record in self._place},
        }

    def fingerprints(self) -> list[dict[str, object]]:
        """Return a row for each signal of each recording of noise, to be known by."""
        return [
            row
            for name, noise in self._of.items()
            for row in rhythms.of_noise(noise, f"{self._called}/{name}")
        ]

    def _check_pieces(self) -> None:
        for name in sorted(set(self._of) & set(self._spec.shares)):
            seconds = self._of[name].signal_CT.shape[1] / float(self._of[name].rate_hz)
            piece_s = seconds / max(len(self._place), 1)
            if piece_s < self._spec.stretch_s + 0.1:  # rounding takes samples
                raise ValueError(
                    f"noise {name}: {seconds:g} s for {len(self._place)} recordings are"
                    f" {piece_s:.3g} s each, less than a stretch of {self._spec.stretch_s:g} s:"
                    " take fewer recordings, or say apart: false"
                )

    def _rows(self, record: Record) -> list[int]:
        names = [name for text in self._leads for name in text.split("|")]
        if any(leads.places(other.leads, name) for other in record.beside for name in names):
            raise UnusableError("a lead at another rate than the first can't be given noise")
        rows = [row for name in names for row in leads.places(record.leads, name)]
        return list(dict.fromkeys(rows))

    def _lead(
        self, record: Record, row: int, number: int, rng: np.random.Generator
    ) -> tuple[Float32, Sequence[noise_mixing.Stretch]]:
        try:
            to_mV = units.factor(record.units[row], UNIT)
        except ValueError as error:
            raise UnusableError(f"{record.leads[row]}: {error}") from error
        clean_T = to_mV * record.signal_CT[row].astype(np.float64)
        mixed_T, stretches = noise_mixing.corrupted(
            clean_T,
            self._signals(record.rate_hz, number),
            _beats(clean_T, record),
            rate_hz=float(record.rate_hz),
            stretch_s=self._spec.stretch_s,
            ratios_db=self._spec.ratios_db,
            shares={kind: share for kind, share in self._spec.shares.items() if share},
            within=self.within(record.id),
            rng=rng,
        )
        return np.asarray(mixed_T / to_mV, dtype=np.float32), stretches

    def _signals(self, rate_hz: Fraction, number: int) -> dict[str, Float64]:
        """Return one signal of each recording of noise, in millivolts, at a rate."""
        signals = {}
        for name, noise in self._of.items():
            row = number % len(noise.leads)
            known = self._at_rate.setdefault(rate_hz, {})
            key = f"{name}/{row}"
            if key not in known:
                level_T = units.factor(noise.units[row], UNIT) * noise.signal_CT[row]
                at_rate_U = resampled(level_T.astype(np.float32), ratio(noise.rate_hz, rate_hz))
                known[key] = at_rate_U.astype(np.float64)
            signals[name] = known[key]
        return signals


def _recordings(noise: Noise, manifest: Mapping[str, Any]) -> dict[str, Record]:
    root = Path(manifest["root"])
    if not root.is_dir():
        raise FileNotFoundError(f"{noise.database}: no recordings at {root}")
    accepted = [r["name"] for r in manifest["records"] if r["status"] == "accepted"]
    source = source_of(noise.dataset, manifest)
    return {name: source.read(root, name) for name in accepted if noise.shares.get(name)}


def _beats(clean_T: Float64, record: Record) -> Int64:
    """Return where beats are: annotated ones; where there are none, detected ones."""
    marks = record.annotations
    beat_A = marks.sample_A[np.isin(marks.symbol_A, list(BEATS))]
    if len(beat_A):
        return beat_A
    peak_B = qrs_peaks(np.nan_to_num(clean_T)[None], float(record.rate_hz))[0]
    return np.rint(peak_B).astype(np.int64)


def _marked(marks: Annotations, stretches: Sequence[noise_mixing.Stretch]) -> Annotations:
    """Return annotations with those of the stretches among them; the rest of a lead is clean."""
    notes = [_note(one) for one in stretches]
    starts = [one.start for one in stretches]
    if stretches:
        notes, starts = [*notes, CLEAN], [*starts, stretches[-1].stop]
    whole = Annotations(
        sample_A=np.concatenate([marks.sample_A, np.array(starts, dtype=np.int64)]),
        symbol_A=np.concatenate([marks.symbol_A, np.full(len(notes), NOISE)]),
        aux_A=np.concatenate([marks.aux_A, np.array(notes, dtype=str)]),
        **{
            name: np.concatenate([getattr(marks, name), np.zeros(len(notes), dtype=np.int64)])
            for name in ("subtype_A", "channel_A", "number_A")
        },
    )
    return whole.taken(np.argsort(whole.sample_A, kind="stable"))


def _note(stretch: noise_mixing.Stretch) -> str:
    if stretch.ratio_db is None:
        return stretch.kind
    return f"{stretch.kind} {stretch.ratio_db:.2f} {stretch.own_db:.2f}"
