"""Check quality gates: what they gate, what their network is shown, and what led to it."""

from pathlib import Path

from cardiograft import plugins
from cardiograft.config.entries import BaselineRun, splits_of
from cardiograft.config.schema import Config
from cardiograft.specs.quality_gate import QualityGate


def check_gates(config: Config) -> None:
    """Check every quality gate.

    Raises
    ------
    ValueError
        One line: the key, its value, and what is accepted.
    """
    for name, gate in config.quality_gates.items():
        place = f"quality_gates.{name}"
        if name in config.segments:
            raise ValueError(f"{place}: an entry of segments has that name")
        for key, entry in (("segments", gate.segments), ("judged", gate.shown)):
            if entry not in config.segments:
                hint = plugins.hint(entry, config.segments)
                raise ValueError(f"{place}.{key}: no entry of segments named {entry!r}.{hint}")
        _check_judged(config, place, gate)
        if gate.model is not None:
            _check_model(config, place, gate, gate.model)
        for table in gate.trained_on:
            if Path(table).stem in config.splits:
                raise ValueError(
                    f"{place}.trained_on: {table!r}: a split of this config is named"
                    f" {Path(table).stem!r}: give the table another name"
                )
    _check_tables(config)
    for name in config.quality_gates:
        _check_circle(config, name, (name,))


def _check_tables(config: Config) -> None:
    """Refuse two tables of one name: audits know a split by its name alone."""
    named: dict[str, str] = {}
    for name, gate in config.quality_gates.items():
        for table in gate.trained_on:
            other = named.setdefault(Path(table).stem, table)
            if other != table:
                raise ValueError(
                    f"quality_gates.{name}.trained_on: {table!r} and {other!r} have one name: give"
                    " one of them another"
                )


def _check_judged(config: Config, place: str, gate: QualityGate) -> None:
    own, shown = config.segments[gate.segments], config.segments[gate.shown]
    if own.database != shown.database or own.noise != shown.noise:
        what = "noise" if own.database == shown.database else "recordings"
        raise ValueError(
            f"{place}.judged: {gate.shown!r} is of other {what} than {gate.segments!r}"
        )
    if own.noise is not None and shown.signal.leads != own.signal.leads:
        raise ValueError(
            f"{place}.judged: {gate.shown!r} has leads {', '.join(shown.signal.leads)},"
            f" {gate.segments!r} has {', '.join(own.signal.leads)}: which noise a lead is given"
            " hangs on its place among them, so both need the same leads in the same order"
        )
    if not set(shown.signal.leads) <= set(own.signal.leads):
        raise ValueError(
            f"{place}.judged: {gate.shown!r} has leads {', '.join(shown.signal.leads)}, which are"
            f" not among those of {gate.segments!r}: {', '.join(own.signal.leads)}"
        )


def _check_model(config: Config, place: str, gate: QualityGate, model: str) -> None:
    networks = {**config.pretrain, **config.prune, **config.transfer}
    if model not in networks:
        what = "is a baseline, not a network" if model in config.baselines else "is no training"
        raise ValueError(f"{place}.model: {model!r} {what}.{plugins.hint(model, networks)}")
    run = config.trained(model)
    if isinstance(run, BaselineRun):
        raise TypeError(model)
    if gate.repeat >= run.repeats:
        raise ValueError(
            f"{place}.repeat: {gate.repeat}: {model!r} has {run.repeats}, counted from 0"
        )
    labels = run.task.options.get("labels")
    if labels and gate.label not in labels:
        hint = plugins.hint(gate.label, labels)
        raise ValueError(f"{place}.label: {model!r} has no class {gate.label!r}.{hint}")


def _check_circle(config: Config, name: str, above: tuple[str, ...]) -> None:
    """Refuse a gate whose network was trained on what the gate lets pass."""
    model = config.quality_gates[name].model
    runs = () if model is None else (run for _, run in config.lineage(model))
    splits = [config.splits[split] for run in runs for split in splits_of(run)]
    for piece in dict.fromkeys(piece for split in splits for piece in split.segments):
        if piece in above:
            raise ValueError(
                f"quality_gates.{name}.model: {model!r} was trained on what the gate {piece!r} lets"
                " pass: a circle"
            )
        if piece in config.quality_gates:
            _check_circle(config, piece, (*above, piece))
