"""What became of a manifest's recordings: how many were cut or left out, and what they gave."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from cardiograft.records import Record
from cardiograft.segments.cutting import CutSegments
from cardiograft.segments.source import called

# Reasons that the line for the console has room for; all are in the summary.
SHOWN = 6


class Tally:
    """Counts of recordings and segments: kept, left out with a reason, by label."""

    def __init__(self) -> None:
        self.records = 0
        self.left_out: dict[str, str] = {}
        self.notes: dict[str, list[str]] = {}
        self.dropped: Counter[str] = Counter()
        self.labels: Counter[str] = Counter()
        self.subjects: set[str] = set()

    def add(self, record: Record, cut: CutSegments, notes: Iterable[str]) -> None:
        """Count one recording's segments; a note begins with its kind and a colon."""
        self.records += 1
        self.dropped += cut.dropped
        self.labels += Counter("" if la is None else la for la in cut.label_N.tolist())
        if len(cut.start_N):
            self.subjects.add(record.subject)
        else:
            why = ", ".join(f"{reason} {n}" for reason, n in sorted(cut.dropped.items()) if n)
            notes = (*notes, f"no segment: {why or 'it is shorter than one'}")
        for note in notes:
            kind, _, detail = note.partition(": ")
            self.notes.setdefault(kind, []).append(f"{record.id}: {detail}")

    def leave_out(self, record: str, reason: str) -> None:
        """Count a recording that isn't cut."""
        self.left_out[record] = reason

    def reasons(self) -> Counter[str]:
        """Return how many recordings are left out, by reason."""
        return Counter(self.left_out.values())

    def line(self, of: int) -> str:
        """Return one line for the console, empty where all recordings were cut as usual."""
        common = self.reasons().most_common()
        shown = [f"{reason} ({count})" for reason, count in common[:SHOWN]]
        if len(common) > SHOWN:
            shown.append(f"{len(common) - SHOWN} more reasons")
        parts = [f"left out: {', '.join(shown)}"] if shown else []
        for kind, notes in sorted(self.notes.items()):
            parts.append(f"{kind} ({len(notes)}), such as {notes[0]}")
        return "; ".join([f"{self.records} of {of} records", *parts]) if parts else ""

    def summary(self, manifest: dict[str, Any]) -> dict[str, Any]:
        """Return the content of ``summary.json``.

        ``left_out`` counts records, ``dropped`` segments; ``records_left_out`` names the former,
        and ``notes`` what was not as usual about others, by kind.
        """
        return {
            "segments": self.labels.total(),
            "dropped": dict(sorted(self.dropped.items())),
            "records": self.records,
            "left_out": dict(sorted(self.reasons().items())),
            "records_left_out": self.left_out,
            "notes": dict(sorted(self.notes.items())),
            "labels": {name: n for name, n in sorted(self.labels.items()) if name},
            "subjects": len(self.subjects),
            "simulated": manifest["simulated"],
            **({"generated": True} if manifest.get("generated") else {}),
            "manifest_digest": manifest["digest"],
            "source_rate_hz": {
                f"{called(manifest)}/{r['name']}": float(r["rate_hz"])
                for r in manifest["records"]
                if r["status"] == "accepted"
            },
        }
