"""Small folders of shards whose every segment a test chooses."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cardiograft.segments import rhythms, shards
from cardiograft.signals.shape_hash import shape_hash

RATE_HZ = 125.0
SOURCE_HZ = 360.0


def heart(seed: int, samples: int = 250, channels: int = 1) -> np.ndarray:
    """Return a made-up rhythm of bumps, shape (C, T), unlike that of any other seed."""
    generator = np.random.default_rng(seed)
    time = np.arange(samples) / RATE_HZ
    signal = np.zeros((channels, samples))
    for at in np.arange(generator.uniform(0, 0.5), samples / RATE_HZ, generator.uniform(0.5, 1)):
        for _ in range(4):
            width, lag = generator.uniform(0.02, 0.08), generator.uniform(-0.2, 0.3)
            bump = np.exp(-0.5 * ((time - at - lag) / width) ** 2)
            signal += generator.normal(size=(channels, 1)) * bump
    return (signal + 0.02 * generator.normal(size=signal.shape)).astype(np.float32)


@dataclass
class Shelf:
    """Segments to be written, record by record."""

    dataset: str = "mitdb"
    rows: dict[tuple[str, str], list[tuple[int, np.ndarray, int, str | None]]] = field(
        default_factory=dict
    )

    def add(
        self,
        record: str,
        start: int,
        signal_CT: np.ndarray,
        *,
        subject: str | None = None,
        valid: int | None = None,
        label: str | None = "N",
    ) -> str:
        """Put one segment on the shelf and return its id."""
        key = (record, subject or record)
        length = signal_CT.shape[1] if valid is None else valid
        self.rows.setdefault(key, []).append((start, signal_CT, length, label))
        return f"{self.dataset}/{record}/MLII/{start}"

    def write(self, folder: Path) -> Path:
        folder.mkdir(parents=True)
        first = next(iter(self.rows.values()))[0][1]
        meta = shards.Meta(
            spec={},
            manifest_digest="d",
            simulated=True,
            rate_hz=RATE_HZ,
            channels=tuple(f"lead {c}" for c in range(first.shape[0])),
            samples=first.shape[1],
        )
        with shards.Writer(folder, meta, parts=2) as writer:
            for (record, subject), pieces in self.rows.items():
                writer.write(self._rows(record, subject, pieces))
        rhythms.write(folder, [self._unknown(record, subject) for record, subject in self.rows])
        rates = {f"{self.dataset}/{record}": SOURCE_HZ for record, _ in self.rows}
        (folder / "summary.json").write_text(json.dumps({"source_rate_hz": rates}))
        return folder

    def _unknown(self, record: str, subject: str) -> dict[str, object]:
        """Return what stands of a recording that no rhythm is known of."""
        names = {"record": f"{self.dataset}/{record}", "subject": f"{self.dataset}/{subject}"}
        return {**names, "lead": "MLII", "beat": [], "shape": b""}

    def _rows(
        self, record: str, subject: str, pieces: list[tuple[int, np.ndarray, int, str | None]]
    ) -> shards.ShardRows:
        start, signal, valid, label = zip(*pieces, strict=True)
        signal_NCT = np.stack(signal).astype(np.float32)
        return shards.ShardRows(
            dataset=self.dataset,
            record=record,
            subject=subject,
            lead="MLII",
            start_N=np.array(start, dtype=np.int64),
            valid_N=np.array(valid, dtype=np.int32),
            shape_hash_N=shape_hash(signal_NCT, RATE_HZ),
            label_N=np.array(label, dtype=object),
            signal_NCT=signal_NCT,
        )
