"""How each run of a study was chosen, and which test part it was scored on.

Beside the ledger (`cardiograft.look_ledger`) this says how often that part has been looked at.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.compute as pc

from cardiograft import look_ledger, parquet
from cardiograft.files import PARQUET_KEY
from cardiograft.tables.runs import Run

COLUMNS = (
    "run",
    "protocol",
    "split",
    "chosen_on",
    "chosen_in",
    "before",
    "before_why",
    "split_digest",
    "people_digest",
    "people",
    "mean_of",
    "simulated",
)


def table(runs: Sequence[Run]) -> pd.DataFrame:
    """Return a row for each test part of each run: one, or a fold each.

    Returns
    -------
    DataFrame
        `COLUMNS`. ``before`` is how many looks no ledger holds, ``uncounted`` where nobody
        counted them; ``people_digest`` and ``split_digest`` are as in the ledger. ``mean_of`` is
        of how many evaluations a run's predictions are the mean: 0 where they are a model's own,
        of which alone the ledger has lines.
    """
    rows = [row for run in runs if "test" in run.ids for row in _rows(run)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _rows(run: Run) -> list[dict[str, Any]]:
    row, before = run.row, run.row.looked_before
    about = {
        "run": run.name,
        "protocol": row.protocol,
        "split": row.split,
        "chosen_on": row.chosen_on or "",
        "chosen_in": row.chosen_in or "",
        "before": "" if before is None else before.times or "uncounted",
        "before_why": "" if before is None else before.why,
        "mean_of": len(row.averaged),
        "simulated": row.simulated,
    }
    return [{**about, **_tested(file)} for file in run.files[0]]


def _tested(file: Path) -> dict[str, Any]:
    saved = parquet.read(file, columns=["subject", "part"])
    about = json.loads((saved.schema.metadata or {}).get(PARQUET_KEY, b"{}"))
    people = saved.filter(pc.equal(saved["part"], "test"))["subject"].unique().to_pylist()
    return {
        "split_digest": about.get("split_digest") or "",
        "people_digest": look_ledger.people_digest(people),
        "people": len(people),
    }
