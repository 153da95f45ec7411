"""Check that trainings with a network for each subject are used as what they are."""

from cardiograft.config.entries import sources
from cardiograft.config.schema import Config


def check_per_subject(config: Config) -> None:
    """Refuse such a training where nobody could have a network, or where one network is needed.

    Raises
    ------
    ValueError
        One line: the key, its value, and what is accepted.
    """
    apart = {name for name, run in config.transfer.items() if run.per_subject}
    for name in sorted(apart):
        split = config.transfer[name].split
        if config.splits[split].protocol == "honest":
            raise ValueError(
                f"transfer.{name}.per_subject: the split {split!r} is honest: nobody who is"
                " tested is in its training part"
            )
        calibration = config.splits[split].calibration
        if calibration is not None and not calibration.seconds:
            raise ValueError(
                f"transfer.{name}.per_subject: the split {split!r} has a calibration of 0 seconds:"
                " there is nothing of anybody to train on"
            )
    for stage in ("prune", "transfer"):
        for name, run in getattr(config, stage).items():
            for source in sources(run):
                _refuse(f"{stage}.{name}.source", source, apart)
    for name, export in config.export.items():
        _refuse(f"export.{name}.source", export.source, apart)
    for name, applied in config.apply.items():
        _refuse(f"apply.{name}.model", applied.model, apart)
    for name, gate in config.quality_gates.items():
        if gate.model is not None:
            _refuse(f"quality_gates.{name}.model", gate.model, apart)


def _refuse(place: str, name: str, apart: set[str]) -> None:
    if name in apart:
        raise ValueError(
            f"{place}: {name!r} is a network for each of several subjects (per_subject), not one"
        )
