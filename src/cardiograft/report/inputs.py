"""What the report reads: tables of studies, and what every stage left beside its output."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

Content = dict[str, Any]


@dataclass(frozen=True)
class Study:
    """One study's tables, as `tabulate` wrote them; every cell is text, ``""`` where empty."""

    name: str
    about: Content
    frames: dict[str, pd.DataFrame]

    def frame(self, name: str) -> pd.DataFrame:
        """Return a table, empty where the study has none of this name."""
        return self.frames.get(name, pd.DataFrame())


@dataclass(frozen=True, kw_only=True)
class ReportInputs:
    """Everything that was found, by the name of the entry (or stage, entry, repeat)."""

    studies: list[Study]
    manifests: dict[str, Content] = field(default_factory=dict)
    segments: dict[str, Content] = field(default_factory=dict)
    splits: dict[str, Content] = field(default_factory=dict)
    audits: dict[str, Content] = field(default_factory=dict)
    cards: dict[tuple[str, str, str], Content] = field(default_factory=dict)
    histories: dict[tuple[str, str, str], pd.DataFrame] = field(default_factory=dict)
    ledgers: dict[tuple[str, str, str], Content] = field(default_factory=dict)

    @property
    def simulated(self) -> bool:
        """Whether anything in it was made up by a simulation."""
        pieces = [*self.manifests.values(), *self.segments.values(), *self.cards.values()]
        return any(p.get("simulated") for p in pieces) or any(
            s.about.get("simulated") for s in self.studies
        )


def read_study(folder: Path) -> Study:
    """Read one study's tables.

    Raises
    ------
    FileNotFoundError
        The folder holds no ``study.json``.
    """
    frames = {}
    for path in sorted(folder.glob("*.csv")):
        try:
            frames[path.stem] = pd.read_csv(path, dtype=str, keep_default_na=False)
        except pd.errors.EmptyDataError:
            continue
    return Study(folder.name, read_json(folder / "study.json"), frames)


def read_json(path: Path) -> Content:
    """Read a JSON object.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        It is not one.
    """
    try:
        found = json.loads(path.read_text("utf-8"))
    except json.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise ValueError(f"{path}: not a JSON object")
    return found


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
