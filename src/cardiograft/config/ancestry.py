"""What led to a model: every training behind it, and what of which split each has used."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from cardiograft.config import gates, shipped_sources
from cardiograft.config.entries import BaselineRun, Model, Section, TransferRun, splits_of
from cardiograft.specs.audit import Ancestor
from cardiograft.specs.predict import Part


class Sections(gates.Sections, Protocol):
    """What of a config is read here."""

    def stage_of(self, entry: str) -> Section:
        """Return the section that an entry with a model stands in."""


def ancestors(config: Sections, training: str, split: str = "") -> tuple[Ancestor, ...]:
    """Return every training that led to a model, itself first, and what each used.

    With those that led to quality gates of what it read, or of the segments of a `split`.
    """
    lineage = list(config.lineage(training))
    ancestors = list(_of_trainings(config, lineage))
    read = [piece for _, run in lineage for piece in splits_of(run)]
    for name, gate in gates.gates(config, [*filter(None, [split]), *read]).items():
        ancestors += _of_trainings(config, gates.led_to(config, gate), gates.of_gate(name))
        ancestors += gates.outside(name, gate)
    return tuple(ancestors)


def _of_trainings(
    config: Sections, lineage: Iterable[tuple[str, Model]], suffix: str = ""
) -> Iterator[Ancestor]:
    """Yield what some trainings read, each name followed by `suffix`."""
    for name, run in lineage:
        stage = config.stage_of(name)
        uses: tuple[Part, ...] = ("train",)
        if not isinstance(run, BaselineRun):
            uses = ("train", "validation")
            if run.training.keep == "best_test":
                uses = (*uses, "test")
        own = "baseline" if stage == "baselines" else stage
        yield Ancestor(stage=own, entry=f"{name}{suffix}", split=run.split, uses=uses)
        yield from _domain_ancestor(f"{name}{suffix}", run)
        yield from shipped_sources.ancestors(run)


def _domain_ancestor(name: str, run: Model) -> list[Ancestor]:
    """Return the use of an adaptation's domain: it counts as seen, with its targets or without."""
    if not isinstance(run, TransferRun) or run.adaptation is None:
        return []
    adaptation = run.adaptation
    return [
        Ancestor(stage="transfer", entry=name, split=adaptation.domain, uses=(adaptation.part,))
    ]
