"""What a study's models cost, and whether they were made by the same libraries."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

COLUMNS = ("parameters", "epochs_run", "wall_s", "peak_memory_MB", "device", "simulated")


def read(path: Path) -> dict[str, Any]:
    """Return a card, with the stage, entry and repeat that its place says.

    Raises
    ------
    ValueError
        The file is no card.
    """
    stage, entry, repeat = path.parts[-4:-1]
    try:
        card = json.loads(path.read_text("utf-8"))
    except json.JSONDecodeError:
        card = None
    if not isinstance(card, dict):
        raise ValueError(f"{path}: not a card")
    # Of a job that was stopped and resumed, wall_s is the last stretch alone; training_s is all.
    walls = [card[key] for key in ("wall_s", "training_s") if card.get(key) is not None]
    card["wall_s"] = max(walls, default=None)
    return {**card, "stage": stage, "entry": entry, "repeat": repeat}


def table(cards: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Return a row a model: what it cost, and the libraries' versions as JSON."""
    rows = [
        {
            **{key: card[key] for key in ("stage", "entry", "repeat")},
            **{key: card.get(key) for key in COLUMNS},
            "versions": json.dumps(card.get("versions", {}), sort_keys=True),
        }
        for card in cards
    ]
    return pd.DataFrame(rows, columns=["stage", "entry", "repeat", *COLUMNS, "versions"])


def warnings(cards: Sequence[dict[str, Any]]) -> list[str]:
    """Return a line for each library of which the models saw several versions."""
    lines = []
    for library in sorted({name for card in cards for name in card.get("versions", {})}):
        seen: dict[str, int] = {}
        for card in cards:
            version = card.get("versions", {}).get(library, "none")
            seen[str(version)] = seen.get(str(version), 0) + 1
        if len(seen) > 1:
            shares = ", ".join(f"{v} in {n}" for v, n in sorted(seen.items()))
            lines.append(f"models of several versions of {library} stand side by side: {shares}")
    return lines
