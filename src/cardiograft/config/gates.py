"""Which quality gates stand behind a split, and what led to their networks."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

from cardiograft.config import shipped_sources
from cardiograft.config.entries import Model, splits_of
from cardiograft.shipped import catalogue
from cardiograft.shipped.catalogue import Shipped
from cardiograft.specs.audit import Ancestor
from cardiograft.specs.quality_gate import QualityGate
from cardiograft.specs.split import Split


class Sections(Protocol):
    """What of a config is read here."""

    @property
    def quality_gates(self) -> Mapping[str, QualityGate]:
        """The section of that name."""

    @property
    def splits(self) -> Mapping[str, Split]:
        """The section of that name."""

    def lineage(self, entry: str) -> Iterator[tuple[str, Model]]:
        """Yield an entry and every training that led to it."""


def gates(config: Sections, splits: Iterable[str]) -> dict[str, QualityGate]:
    """Return the quality gates of some splits' segments, and of what led to those gates."""
    gate_by_name: dict[str, QualityGate] = {}
    todo = [name for split in splits for name in config.splits[split].segments]
    for name in todo:  # which grows
        gate = config.quality_gates.get(name)
        if gate is not None and name not in gate_by_name:
            gate_by_name[name] = gate
            read = [split for _, run in led_to(config, gate) for split in splits_of(run)]
            todo += [piece for split in read for piece in config.splits[split].segments]
    return gate_by_name


def led_to(config: Sections, gate: QualityGate) -> list[tuple[str, Model]]:
    """Return the trainings that led to a gate's network; none of a file."""
    return [] if gate.model is None else list(config.lineage(gate.model))


def with_gates(config: Sections, splits: Iterable[str]) -> list[str]:
    """Return splits, then those that led to the networks of their quality gates, each once."""
    own = list(splits)
    runs = (run for gate in gates(config, own).values() for _, run in led_to(config, gate))
    return list(dict.fromkeys((*own, *(split for run in runs for split in splits_of(run)))))


def of_gate(name: str) -> str:
    """Return what is said of a training that led to a gate's network."""
    return f" of the quality gate {name}"


def shipped(gate: QualityGate) -> Shipped | None:
    """Return the network that comes along which a gate's file is, if it is one."""
    return None if gate.file is None else catalogue.known(Path(gate.file), gate.sha256)


def outside(name: str, gate: QualityGate) -> Iterator[Ancestor]:
    """Yield what led to a file that is a gate, by its card or the tables that it names."""
    if network := shipped(gate):
        yield from shipped_sources.trainings(network, of_gate(name))
        return
    for table in gate.trained_on:
        yield Ancestor(
            stage="transfer",
            entry=f"{gate.file}{of_gate(name)}",
            split=Path(table).stem,
            uses=("train", "validation"),
        )


def check_gate_files(gates: Mapping[str, QualityGate]) -> None:
    """Look for the checkpoints that quality gates are, and the splits that led to them.

    Raises
    ------
    FileNotFoundError
        One is not there.
    """
    for name, gate in gates.items():
        files_by_key = {"file": (gate.file,) if gate.file else (), "trained_on": gate.trained_on}
        for key, files in files_by_key.items():
            for file in files:
                if not Path(file).is_file():
                    where = f"quality_gates.{name}.{key}"
                    raise FileNotFoundError(f"{where}: no file {file!r}")
