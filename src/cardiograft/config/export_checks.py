"""Check that entries of `export` ask of their networks what these can give."""

from cardiograft import plugins
from cardiograft.config.entries import BaselineRun
from cardiograft.config.schema import Config


def check_exports(config: Config) -> None:
    """Check each entry of `export` against its source.

    Raises
    ------
    ValueError
        One line: the key, its value, and what is accepted.
    """
    for name, asked in config.export.items():
        place, run = f"export.{name}", config.trained(asked.source)
        if isinstance(run, BaselineRun):
            raise ValueError(f"{place}.source: {asked.source!r} is a baseline, not a network")
        if asked.repeat >= run.repeats:
            raise ValueError(
                f"{place}.repeat: {asked.repeat}: {asked.source!r} has {run.repeats}, counted"
                " from 0"
            )
        if asked.view == "left out" and run.view is None:
            raise ValueError(
                f"{place}.view: 'left out': {asked.source!r} takes signals, there is no view"
            )
        labels = run.task.options.get("labels")
        if asked.threshold is not None and labels and asked.threshold.label not in labels:
            known = plugins.hint(asked.threshold.label, labels)
            raise ValueError(
                f"{place}.threshold.label: {asked.source!r} has no class"
                f" {asked.threshold.label!r}.{known}"
            )
