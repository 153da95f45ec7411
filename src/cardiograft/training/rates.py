"""A learning rate chosen on validation: each is trained in turn, and the best epoch of all kept.

Every training begins with the same first weights and the same random numbers, and has a saved state
of its own, so that a job that is killed goes on with the rate that it was at.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import nn

from cardiograft.specs.training import Training
from cardiograft.training.loop import DivergenceError, Outcome
from cardiograft.training.run import log
from cardiograft.training.task import Task

# Trains a network of its own with some options, from a saved state where there is one.
Train = Callable[[nn.Module, Training, Path], Outcome]


@dataclass(frozen=True, kw_only=True)
class Tried:
    """What a learning rate came to.

    Attributes
    ----------
    rate
    outcome
        None where the training diverged.
    """

    rate: float
    outcome: Outcome | None

    @property
    def best(self) -> float | None:
        """The best value of the monitor; None where there is none."""
        return None if self.outcome is None else self.outcome.progress.best


def best_of_rates(
    train: Train, network: nn.Module, task: Task, training: Training, *, state: Path
) -> tuple[Outcome, list[dict[str, Any]]]:
    """Train a copy of the network with each of the learning rates, and return the best.

    Parameters
    ----------
    network
        With its first weights; unchanged.
    state
        File that a single training saves to: each has one beside it.

    Returns
    -------
    outcome : Outcome
        Of the rate whose best epoch is the best on the validation part, of equal ones the first;
        its seconds are those of all.
    tried : list of dict
        Of each rate, for the card: learning_rate, best, best_epoch, epochs_run, chosen.

    Raises
    ------
    ValueError
        The training diverged with every rate.
    """
    tried = []
    for place, rate in enumerate(training.learning_rates):
        log(f"learning rate {rate:g}, {place + 1} of {len(training.learning_rates)}")
        alone = training.model_copy(update={"learning_rate": rate, "learning_rates": ()})
        own = state.with_name(f"{state.stem}-rate-{place}{state.suffix}")
        try:
            outcome = train(copy.deepcopy(network), alone, own)
        except DivergenceError as error:
            log(str(error))
            tried.append(Tried(rate=rate, outcome=None))
            continue
        tried.append(Tried(rate=rate, outcome=outcome))
    return _chosen(tried, sign=task.monitors[training.monitor])


def _chosen(tried: list[Tried], *, sign: int) -> tuple[Outcome, list[dict[str, Any]]]:
    known = [one for one in tried if one.outcome is not None and one.best is not None]
    if not known:
        rates = ", ".join(f"{one.rate:g}" for one in tried)
        raise ValueError(f"training diverged with every one of learning_rates {rates}")
    chosen = max(known, key=lambda one: sign * (one.best or 0.0))
    lines = [_line(one, chosen=one is chosen) for one in tried]
    assert chosen.outcome is not None
    seconds = sum(one.outcome.progress.wall_s for one in tried if one.outcome is not None)
    progress = replace(chosen.outcome.progress, wall_s=seconds)
    return replace(chosen.outcome, progress=progress), lines


def _line(one: Tried, *, chosen: bool) -> dict[str, Any]:
    progress = None if one.outcome is None else one.outcome.progress
    return {
        "learning_rate": one.rate,
        "best": one.best,
        "best_epoch": progress and progress.best_epoch,
        "epochs_run": progress and progress.epoch,
        "chosen": chosen,
    }
