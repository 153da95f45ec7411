"""Tables of the runs whose signals are shown: example windows, and heart rates."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from cardiograft.specs.tabulate import Tabulate
from cardiograft.tables.example_traces import overlays
from cardiograft.tables.heart_rates import agreement, heart_rates
from cardiograft.tables.runs import Run


def signal_tables(
    spec: Tabulate, runs: Sequence[Run], segments: Sequence[Path]
) -> dict[str, pd.DataFrame]:
    """Return what is drawn of the runs that are shown; nothing where there are none.

    Parameters
    ----------
    segments
        Folders of shards, named as the spec names them.

    Returns
    -------
    overlays, heart_rates (of the first repeat), agreement
        As the functions of these names, with a column `run`.

    Raises
    ------
    FileNotFoundError
        A folder is not among `segments`.
    ValueError
        A run has not the primary metric, or its predictions are no signals.
    """
    folders = {folder.name: folder for folder in segments}
    by_table: dict[str, list[pd.DataFrame]] = {}
    for run in (run for run in runs if run.name in spec.shown):
        rates = heart_rates(run.files[0])
        name, _, which = spec.primary.partition(":")
        folders_of = _folders(spec.shown[run.name], folders)
        frames = {
            "overlays": overlays(run.files, run.metric(name), which, folders_of),
            "heart_rates": rates,
            "agreement": agreement(rates),
        }
        for table, frame in frames.items():
            by_table.setdefault(table, []).append(frame.assign(run=run.name))
    return {name: pd.concat(some, ignore_index=True) for name, some in by_table.items()}


def _folders(names: Sequence[str], folders: Mapping[str, Path]) -> list[Path]:
    for name in names:
        if name not in folders:
            raise FileNotFoundError(f"no shards of {name!r} among {', '.join(folders) or 'none'}")
    return [folders[name] for name in names]
