"""How each run of a study was chosen, and which test part it was scored on.

Beside the ledger (`cardiograft.evaluation.looks`) this says how often that part has been looked at.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from cardiograft import parquet
from cardiograft.evaluation import looks
from cardiograft.tables.runs import Run

COLUMNS = (
    "run",
    "protocol",
    "split",
    "chosen_on",
    "chosen_in",
    "before",
    "before_why",
    "people_digest",
    "people",
    "simulated",
)


def table(runs: Sequence[Run]) -> pd.DataFrame:
    """Return a row for each test part of each run: one, or a fold each.

    Returns
    -------
    DataFrame
        `COLUMNS`. ``before`` is how many looks no ledger holds, ``uncounted`` where nobody
        counted them; ``people_digest`` is as in the ledger.
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
        "simulated": row.simulated,
    }
    return [{**about, **_tested(file)} for file in run.files[0]]


def _tested(file: Path) -> dict[str, Any]:
    saved = parquet.read(file, columns=["subject", "part"]).to_pandas()
    people = saved.loc[saved["part"] == "test", "subject"].unique().tolist()
    return {"people_digest": looks.people_digest(people), "people": len(people)}
