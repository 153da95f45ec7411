"""Check that the networks of `export` can give what its entries need."""

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
    for name, export in config.export.items():
        place, run = f"export.{name}", config.trained(export.source)
        if isinstance(run, BaselineRun):
            raise ValueError(f"{place}.source: {export.source!r} is a baseline, not a network")
        if export.repeat >= run.repeats:
            raise ValueError(
                f"{place}.repeat: {export.repeat}: {export.source!r} has {run.repeats}, counted"
                " from 0"
            )
        if export.view == "left out" and run.view is None:
            raise ValueError(
                f"{place}.view: 'left out': {export.source!r} takes signals, there is no view"
            )
        labels = run.task.options.get("labels")
        if export.threshold is not None and labels and export.threshold.label not in labels:
            known = plugins.hint(export.threshold.label, labels)
            raise ValueError(
                f"{place}.threshold.label: {export.source!r} has no class"
                f" {export.threshold.label!r}.{known}"
            )
