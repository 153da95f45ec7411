"""What the report reads: tables of studies, and what every stage left beside its output."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from cardiograft.files import DAMAGED, file_digest, read_json
from cardiograft.report.times import Times

Content = dict[str, Any]
ReportRow = Mapping[str, Any]


@dataclass(frozen=True)
class Study:
    """One study's tables, as `tabulate` wrote them; every cell is text, ``""`` where empty."""

    name: str
    about: Content
    frames: dict[str, pd.DataFrame]
    _rows: dict[str, list[ReportRow]] = field(default_factory=dict, repr=False, compare=False)

    def rows(self, name: str) -> Sequence[ReportRow]:
        """Return the rows of a table, column to text; none where the study has no such table."""
        if name not in self._rows:
            rows: Any = self.frame(name).to_dict("records")
            self._rows[name] = rows
        return self._rows[name]

    def frame(self, name: str) -> pd.DataFrame:
        """Return a table, empty where the study has none of this name."""
        return self.frames.get(name, pd.DataFrame())


@dataclass(frozen=True, kw_only=True)
class ReportInputs:
    """What the report is made of, by the name of the entry (or stage, entry, repeat)."""

    studies: list[Study]
    manifests: dict[str, Content] = field(default_factory=dict)
    segments: dict[str, Content] = field(default_factory=dict)
    splits: dict[str, Content] = field(default_factory=dict)
    audits: dict[str, Content] = field(default_factory=dict)
    cards: dict[tuple[str, str, str], Content] = field(default_factory=dict)
    histories: dict[tuple[str, str, str], pd.DataFrame] = field(default_factory=dict)
    ledgers: dict[tuple[str, str, str], Content] = field(default_factory=dict)
    exports: dict[str, Content] = field(default_factory=dict)  # files for devices, by entry
    looks: list[Content] = field(default_factory=list)  # at test parts, of the ledger of looks
    unreadable_looks: int = 0
    plan: Content = field(default_factory=dict)  # jobs and edges, of `config.stages`
    times: Times = field(default_factory=dict)

    @property
    def simulated(self) -> bool:
        """Whether any of it comes from a simulation."""
        inputs = [*self.manifests.values(), *self.segments.values(), *self.cards.values()]
        return any(one.get("simulated") for one in inputs) or any(
            s.about.get("simulated") for s in self.studies
        )


def read_study(folder: Path) -> Study:
    """Read one study's tables.

    Raises
    ------
    FileNotFoundError
        The folder holds no ``study.json``.
    ValueError
        A file is not as it was written.
    """
    frames, about = {}, read_json(folder / "study.json")
    digests = about.pop("sha256", {})
    for path in sorted(folder.glob("*.csv")):
        if digests and digests.get(path.name) != file_digest(path):
            raise ValueError(f"{path}: {DAMAGED}")
        try:
            frames[path.stem] = pd.read_csv(path, dtype=str, keep_default_na=False)
        except pd.errors.EmptyDataError:
            continue
    return Study(folder.name, about, frames)


def by_evaluation(audits: Mapping[str, Content], plan: Content) -> dict[str, Content]:
    """Return the audit of each evaluation, in the order of the plan; several may share one.

    Parameters
    ----------
    audits
        By the evaluation whose name the file has.
    plan
        ``evaluations``, of `config.stages`: without it each audit is of its own evaluation alone.
    """
    whose: Sequence[tuple[str, str]] = plan.get("evaluations", ())
    planned = {one: audits[other] for one, other in whose if other in audits}
    return planned | {one: audit for one, audit in audits.items() if one not in planned}


def in_order(studies: Sequence[Study], names: Sequence[str]) -> list[Study]:
    """Return studies in the order that config names them.

    Raises
    ------
    ValueError
        One is missing.
    """
    by_name = {s.name: s for s in studies}
    for name in names:
        if name not in by_name:
            raise ValueError(f"no tables of study {name!r} (has {', '.join(by_name) or 'none'})")
    return [by_name[name] for name in names]
