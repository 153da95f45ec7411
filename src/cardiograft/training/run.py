"""One training while it runs: its network, optimiser, masks and progress; saved and resumed.

Legend: B batch, I items of an epoch.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from cardiograft import plugins
from cardiograft.checkpoints.masks import hide
from cardiograft.records import Int64
from cardiograft.specs.training import Training
from cardiograft.training.average import initial_average
from cardiograft.training.codes import Coded
from cardiograft.training.domain import FEWEST, DomainTerm
from cardiograft.training.feed import Feed
from cardiograft.training.optimiser import make_optimiser
from cardiograft.training.order import batches, epoch_order, resampled
from cardiograft.training.ranks import Ranks, together
from cardiograft.training.settling import settle
from cardiograft.training.state import Stop, TrainingProgress, restore_state, save_state
from cardiograft.training.task import Start, Task

SAVE_EVERY_S = 300.0
# After an epoch too, but for epochs so short that writing their states would take longer than they.
LEAST_S = 2.0


# Is told of a network that is about to be measured on the test part: its epoch, and its weights.
Looked = Callable[[int, str], None]


def unseen(epoch: int, weights: str) -> None:
    """Tell nobody of a network that is measured on the test part."""


class SignalledError(Exception):
    """A rank has received a signal to end."""

    def __init__(self, by: signal.Signals) -> None:
        super().__init__(by.name)
        self.by = by


class TrainingRun:
    """What every step of one training needs at hand: network, optimiser, masks, progress."""

    def __init__(
        self,
        *,
        network: nn.Module,
        task: Task,
        train: Feed,
        watched: Mapping[str, Feed],
        training: Training,
        seed: int,
        accelerator: Accelerator,
        start: Start,
        domain_term: DomainTerm | None,
        state: Path | None,
        save_every_s: float,
        may_save: Callable[[], None],
        ranks: Ranks,
        looked: Looked,
    ) -> None:
        self.ranks, self.may_save, self.looked = ranks, may_save, looked
        if ranks.count > 1 and accelerator.device.type == "cuda":  # on processors there is none
            network = together(network)
        self.network = network.to(accelerator.device)
        self.task, self.train, self.watched = task, train, watched
        self.training, self.seed, self.start, self.state = training, seed, start, state
        self.save_every_s = save_every_s
        self.accelerator, self.device = accelerator, accelerator.device
        self.masks = {n: m.to(self.device) for n, m in start.masks.items()}
        # Before all that copies the network; a saved state has it, and goes over it.
        layers, size = start.unsettled, training.batch_size
        settle(self.network, task, train, layers=layers, size=size, seed=seed)
        if start.pruning is not None:
            start.pruning.attach(network, self.masks)
        self.average = initial_average(network, training)
        self.progress = TrainingProgress()
        self.domain_term, self.terms = domain_term, dict[str, Tensor]()
        self.extra = None if domain_term is None else domain_term.loss
        self.plain = make_optimiser(network, training, start, self.extra)
        self.steps = len(batches(self.order(0), training.batch_size))
        hide(network, self.masks)

    def order(self, epoch: int) -> Int64:
        """Return the items of an epoch: segment x versions + version."""
        size, per_class = self.task.versions, self.training.per_class
        if per_class is None:
            return epoch_order(len(self.train) * size, seed=self.seed, epoch=epoch)
        if "label" not in self.train.columns:
            raise ValueError("per_class: the task has no classes to resample")
        label_N = self.train.columns["label"].cpu().numpy()
        return resampled(label_N, per_class, seed=self.seed, epoch=epoch) * size

    def parameters(self) -> Iterator[nn.Parameter]:
        """Yield the trained parameters: the network's, then the adaptation loss's own."""
        yield from self.network.parameters()
        if self.extra is not None:
            yield from self.extra.parameters()

    def resume(self) -> None:
        """Go on from a saved state where there is one, and let Accelerate wrap the rest."""
        scaler = self._restored()
        whole = self.network if self.domain_term is None else Coded(self.network)
        self.model, self.optimiser = self.accelerator.prepare(whole, self.plain)
        if scaler is not None and self.accelerator.scaler is not None:
            self.accelerator.scaler.load_state_dict(scaler)
        self.call = torch.compile(self.model) if self.training.compile else self.model
        self.forward: Callable[[Tensor, Tensor], Tensor] = self.call
        if self.domain_term is not None:
            self.forward = lambda signal_BCT, feature_BF: self.call(signal_BCT, feature_BF)[0]
        # What measures has no part in the ranks' agreement on gradients.
        self.watching = self.network if self.ranks.count > 1 else self.forward
        self.since = self.saved = time.monotonic()

    def _restored(self) -> dict[str, Any] | None:
        """Take up the saved state where there is one; return the gradient scaler's.

        Raises
        ------
        ValueError
            The ranks don't see the same state.
        """
        scaler = self._read()
        at = (self.progress.epoch, self.progress.step)
        seen = self.ranks.gathered(at)
        if len(set(seen)) > 1:
            raise ValueError(f"{self.state}: its processes read different states {seen}: run again")
        if at > (0, 0):
            log(f"resuming at epoch {at[0] + 1}, step {at[1]}")
        return scaler

    def _read(self) -> dict[str, Any] | None:
        if self.state is None or not self.state.is_file():
            return None
        try:
            self.progress, scaler = restore_state(
                self.state,
                model=self.network,
                masks=self.masks,
                average=self.average,
                optimiser=self.plain,
                device=self.device,
                extra=self.extra,
            )
        except ValueError as error:  # which is raised before anything is taken up
            log(f"starting anew: {error}")
            self.state.unlink(missing_ok=True)
            return None
        terms = self.progress.terms.items()
        self.terms = {n: torch.tensor(v, dtype=torch.float64).to(self.device) for n, v in terms}
        return scaler

    def poll(self, stop: Stop) -> tuple[signal.Signals | None, bool]:
        """Return the signal that any rank has received, and whether it is time to save."""
        late = time.monotonic() - self.saved >= self.save_every_s
        number, due = self.ranks.highest([stop.signalled or 0, late and self.ranks.first])
        return (signal.Signals(number) if number else None), bool(number or due)

    def refuse_to_go_on(self, stop: Stop) -> None:
        """Leave what all ranks are at together.

        Raises
        ------
        SignalledError
            Any of them has received a signal to end.
        """
        signalled, _ = self.poll(stop)
        if signalled:
            raise SignalledError(signalled)

    def pass_time(self) -> None:
        """Add the seconds since this was last asked to those of the training."""
        now = time.monotonic()
        self.progress.wall_s += now - self.since
        self.since = now

    def save_before_measuring(self) -> None:
        """Write the state of an epoch's last step, where it has taken longer than a state does.

        Measuring may take long, and nothing of it is saved: whoever is killed meanwhile would lose
        the epoch.
        """
        self.pass_time()
        if self.since - self.saved >= LEAST_S:
            self.save()

    def close_epoch(self) -> None:
        """Write the state that an epoch has left: of the first always, of others not too often."""
        self.pass_time()
        if self.progress.epoch == 1 or self.since - self.saved >= LEAST_S:
            self.save()

    def save(self) -> None:
        """Write the state.

        Raises
        ------
        ValueError
            Another job's state lies there now.
        """
        self.pass_time()
        self.saved = self.since
        self.progress.terms = {name: float(total) for name, total in self.terms.items()}
        if self.state is not None and self.ranks.first:
            self.may_save()
            scaler = self.accelerator.scaler
            save_state(
                self.state,
                self.progress,
                model=self.network,
                masks=self.masks,
                average=self.average,
                optimiser=self.plain,
                scaler=None if scaler is None else scaler.state_dict(),
                extra=self.extra,
            )


def check(run: TrainingRun) -> None:
    """Refuse, before any training, what could not be done at its end.

    Raises
    ------
    ValueError
        See the lines below.
    """
    training, task = run.training, run.task
    part = training.keep.removeprefix("best_")
    if training.keep != "last" and part not in run.watched:
        raise ValueError(f"keep {training.keep!r}: the split has no {part} part")
    if training.keep != "last" and training.monitor not in task.monitors:
        known = plugins.hint(training.monitor, task.monitors)
        raise ValueError(f"monitor {training.monitor!r} is not a metric of the task.{known}")
    total, pruning = run.steps * training.epochs, run.start.pruning
    if pruning is not None and total < pruning.end:
        raise ValueError(f"sparsity.end {pruning.end} is after the last training step, {total}")
    if not any(p.requires_grad for p in run.network.parameters()):
        raise ValueError(f"frozen {list(run.start.frozen)} leaves nothing to train")
    if run.domain_term is not None:
        _check_adaptation(run, run.domain_term)


def _check_adaptation(run: TrainingRun, domain_term: DomainTerm) -> None:
    encoder = run.network.get_submodule("encoder")
    if not domain_term.supervised and not any(p.requires_grad for p in encoder.parameters()):
        raise ValueError(
            f"adaptation: frozen {list(run.start.frozen)} leaves no encoder to adapt; unfreeze"
            " some of it, or set supervised"
        )
    size = len(batches(run.order(0), run.training.batch_size)[0])
    if size < FEWEST:
        raise ValueError(f"adaptation needs batches of {FEWEST} or more segments, not of {size}")


def log(line: str) -> None:
    """Write a line of progress to the job's log; of several processes the first one does."""
    if os.environ.get("WORLD_SIZE", "1") != "1" and os.environ.get("RANK", "0") != "0":
        return
    print(line, file=sys.stderr, flush=True)  # noqa: T201
