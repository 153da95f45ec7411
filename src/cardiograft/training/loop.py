"""One `fit()` for every task: same seed, same bytes, however often it is interrupted.

Nothing that is drawn depends on what was drawn before: order, augmentation and dropout of a
step follow from seed, epoch and step.

Legend: B batch, I items of an epoch.
"""

import math
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import torch
from accelerate import Accelerator
from torch import Generator, Tensor, nn

from cardiograft.checkpoints.file import Checkpoint, contiguous
from cardiograft.checkpoints.masks import hide
from cardiograft.checkpoints.names import below
from cardiograft.records import Int64
from cardiograft.specs.training import Training
from cardiograft.training.average import averaged_weights, update_average
from cardiograft.training.determinism import WATCHING, seeded
from cardiograft.training.domain import DomainTerm, first
from cardiograft.training.feed import Feed, draw
from cardiograft.training.optimiser import rate_at
from cardiograft.training.order import batches, sweep
from cardiograft.training.ranks import ALONE, Ranks, shared
from cardiograft.training.run import (
    SAVE_EVERY_S,
    Looked,
    SignalledError,
    TrainingRun,
    check,
    log,
    unseen,
)
from cardiograft.training.state import Stop, TrainingProgress, terminated
from cardiograft.training.task import Batch, Start, Task

AS_IT_IS = Start()


class DivergenceError(ValueError):
    """A loss is not a finite number any more."""


WATCH_BATCH = 256


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The result of a training: the kept epoch's tensors and masks, and its progress."""

    tensors: dict[str, Tensor]
    masks: dict[str, Tensor]
    progress: TrainingProgress
    device: str


def fit(
    network: nn.Module,
    task: Task,
    *,
    train: Feed,
    watched: Mapping[str, Feed],
    training: Training,
    seed: int,
    accelerator: Accelerator,
    start: Start = AS_IT_IS,
    domain_term: DomainTerm | None = None,
    state: Path | None = None,
    save_every_s: float = SAVE_EVERY_S,
    may_save: Callable[[], None] = lambda: None,
    ranks: Ranks = ALONE,
    looked: Looked = unseen,
) -> Outcome:
    """Train a network.

    Parameters
    ----------
    network, task
        Trained in place, to the last epoch's weights or their average; and fitted (`learn`).
    train, watched
        The training part; ``validation``, ``test``: measured after every epoch.
    seed, accelerator, domain_term
        Of all that is drawn; device and precision; the adaptation to another domain, if any.
    state, save_every_s, may_save
        File to go on from where it exists; it is written after an epoch and so many seconds,
        unless the last, which is called before, raises a ValueError.
    ranks, looked
        All processes of this training: each calls this, with the same data. The first tells
        `looked` of every network that is about to be measured on the test part.

    Raises
    ------
    ValueError
        The options request what is not there, or the loss is not a finite number any more.
    SystemExit
        The job was signalled to end; its state is saved.
    """
    run = TrainingRun(
        network=network,
        task=task,
        train=train,
        watched=watched,
        training=training,
        seed=seed,
        accelerator=accelerator,
        start=start,
        domain_term=domain_term,
        state=state,
        save_every_s=save_every_s,
        may_save=may_save,
        ranks=ranks,
        looked=looked,
    )
    return _fitted(run)


def _fitted(run: TrainingRun) -> Outcome:
    check(run)
    with terminated() as stop:
        run.resume()
        while run.progress.epoch < run.training.epochs and not run.progress.done:
            _epoch(run, stop)
    return _outcome(run)


def _outcome(run: TrainingRun) -> Outcome:
    if run.average:
        run.network.load_state_dict(run.average)
    progress, pruning = run.progress, run.start.pruning
    kept = progress.kept or contiguous(run.network.state_dict())
    masks = progress.kept_masks if progress.kept else contiguous(run.masks)
    if pruning is not None:
        kept, masks = pruning.finished(kept, masks)
    return Outcome(tensors=kept, masks=masks, progress=progress, device=str(run.device))


def _epoch(run: TrainingRun, stop: Stop) -> None:
    progress, size = run.progress, run.training.batch_size
    _train_mode(run)
    before = progress.loss if run.ranks.first else 0.0  # each has its share of the sum
    loss = torch.tensor(before, dtype=torch.float64, device=run.device)
    for step, item_B in enumerate(batches(run.order(progress.epoch), size)):
        if step < progress.step:
            continue
        loss += _step(run, step, item_B).double() * len(item_B)
        progress.step, progress.items = step + 1, progress.items + len(item_B)
        signalled, due = run.poll(stop)
        if due:
            progress.loss = run.ranks.total(float(loss))
            run.save()
        if signalled:
            _end(run, signalled, f"epoch {progress.epoch + 1}, step {progress.step}")
    progress.loss = run.ranks.total(float(loss))
    items = max(progress.items, 1)
    terms = {name: float(total) / items for name, total in run.terms.items()}
    _close(run, {"loss": progress.loss / items, **terms}, stop)


def _end(run: TrainingRun, signalled: signal.Signals, at: str) -> NoReturn:
    """End the job, whose state is saved: where one rank has ended, launchers kill the others."""
    run.ranks.meet()
    log(f"{signalled.name}: stopped at {at}, the state is saved")
    sys.exit(128 + signalled)


def _train_mode(run: TrainingRun) -> None:
    run.model.train()
    for name, module in run.network.named_modules():
        # Frozen means its running means and variances too.
        if name and any(below(name, prefix) for prefix in run.start.frozen):
            module.eval()


def _step(run: TrainingRun, step: int, item_B: Int64) -> Tensor:
    training, progress = run.training, run.progress
    before = progress.epoch * run.steps + step
    rate = rate_at(before, training.epochs * run.steps, training)
    for group in run.plain.param_groups:
        group["lr"] = rate * group.get("factor", 1.0)
    if before == 0 and run.start.pruning is not None:
        run.start.pruning.renew(run.network, run.masks, step=0)
    generator = seeded(run.seed, progress.epoch, step, run.device, rank=run.ranks.rank)
    batch = draw(run.task, run.train, item_B, generator, training=True)
    loss, whole = _losses(run, batch, generator, size=len(item_B), before=before)
    run.accelerator.backward(whole)
    if training.clip_norm is not None:
        run.accelerator.clip_grad_norm_(run.parameters(), training.clip_norm)
    run.optimiser.step()
    run.optimiser.zero_grad()
    hide(run.network, run.masks)
    if run.start.pruning is not None:
        run.start.pruning.renew(run.network, run.masks, step=before + 1)
    if training.ema is not None:
        update_average(run.average, run.network, run.masks, decay=training.ema, step=before)
    return loss.detach()


def _losses(
    run: TrainingRun, batch: Batch, generator: Generator, *, size: int, before: int
) -> tuple[Tensor, Tensor]:
    """Return the task's loss, and the total that training lowers; add up its other terms."""
    domain_term, task, training = run.domain_term, run.task, run.training
    if domain_term is None:
        batch, weight = shared(batch, task, run.ranks)
        loss = task.loss(run.forward(batch.signal_BCT, batch.feature_BF), batch)
        if run.ranks.count == 1:
            return loss, loss
        # Gradients are averaged over ranks: so that they are those of the mean over the batch.
        return loss * weight, loss * (weight * run.ranks.count)
    item_D = domain_term.items(
        before, size=training.batch_size, versions=task.versions, seed=run.seed
    )
    domain = first(draw(task, domain_term.feed, item_D, generator, training=True), len(item_D))
    through = before / (training.epochs * run.steps)
    terms = domain_term.terms(run.call, task, batch, domain, size=size, through=through)
    for name, term in terms.items():
        if name != "loss":
            run.terms[name] = run.terms.get(name, 0.0) + term.detach().double() * size
    return terms["loss"], domain_term.total(terms)


def _close(run: TrainingRun, losses: Mapping[str, float], stop: Stop) -> None:
    """End an epoch: measure, keep the best, save."""
    progress, training = run.progress, run.training
    epoch = progress.epoch + 1
    for name, value in losses.items():
        if not math.isfinite(value):
            raise DivergenceError(
                f"training diverged: the {name} of epoch {epoch} is {value}"
                f" (learning_rate {training.learning_rate:g})"
            )
    run.ranks.level(run.network, run.average)
    values_by_part = _measured(run, stop)
    done = epoch * run.steps
    progress.history += [(epoch, done, "train", name, value) for name, value in losses.items()]
    terms = ", ".join(f"{name.replace('_', ' ')} {value:.4f}" for name, value in losses.items())
    line = f"epoch {epoch}/{training.epochs}: train {terms}"
    for part, values in values_by_part.items():
        progress.history += [(epoch, done, part, name, v) for name, v in values.items()]
        line += f"; {part} " + ", ".join(f"{n} {values[n]:.4f}" for n in list(values)[:3])
        if training.keep == f"best_{part}":
            _keep(run, values[training.monitor])
    if training.keep == "last" and training.patience is not None:
        _wait(run, losses["loss"], training.patience)
    progress.epoch, progress.step, progress.loss, progress.items = epoch, 0, 0.0, 0
    run.terms.clear()
    run.close_epoch()
    log(f"{line}; {progress.wall_s:.0f} s")


def _measured(run: TrainingRun, stop: Stop) -> dict[str, dict[str, float]]:
    """Return an epoch's values by part; a job that receives a signal ends between two batches.

    It has saved the epoch's last step, which nothing here changes: taken up again, it measures
    again.
    """
    if run.watched:
        run.save_before_measuring()
    values_by_part = {}
    try:
        with averaged_weights(run.average, run.network):
            for part, feed in run.watched.items():
                if part == "test" and run.ranks.first:
                    tensors, masks = _as_measured(run)
                    digest = Checkpoint(tensors=tensors, masks=masks).digest()
                    run.looked(run.progress.epoch + 1, digest)
                values_by_part[part] = measure(
                    run.watching,
                    run.model,
                    run.task,
                    feed,
                    seed=run.seed,
                    ranks=run.ranks,
                    between=lambda: run.refuse_to_go_on(stop),
                )
    except SignalledError as error:
        run.save()  # of the network's own weights, which are back in it
        _end(run, error.by, f"the measuring of epoch {run.progress.epoch + 1}")
    return values_by_part


def _as_measured(run: TrainingRun) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return the tensors and masks that an epoch is measured with: what is kept if it is best."""
    return contiguous(run.average or run.network.state_dict()), contiguous(run.masks)


def _keep(run: TrainingRun, value: float) -> None:
    """Take an epoch that is better than those before; one without a finite value never is.

    Raises
    ------
    DivergenceError
        The training ends without one.
    """
    progress, pruning = run.progress, run.start.pruning
    if pruning is not None and (progress.epoch + 1) * run.steps < pruning.end:
        return  # not yet as sparse as requested
    sign = run.task.monitors[run.training.monitor]
    best = progress.best
    if math.isfinite(value) and (best is None or sign * value > sign * best):
        progress.best, progress.best_epoch, progress.stale = value, progress.epoch + 1, 0
        progress.kept, progress.kept_masks = _as_measured(run)
        return
    progress.stale += 1
    progress.done = progress.stale == run.training.patience
    if best is None and (progress.done or progress.epoch + 1 == run.training.epochs):
        raise DivergenceError(
            f"no epoch to keep: {run.training.monitor} was a finite number in none of"
            f" {progress.epoch + 1} (learning_rate {run.training.learning_rate:g})"
        )


def _wait(run: TrainingRun, loss: float, patience: int) -> None:
    """End a training whose own loss falls no more: the last weights are published, not the best."""
    progress, pruning = run.progress, run.start.pruning
    if progress.best is None or loss < progress.best:
        progress.best, progress.best_epoch, progress.stale = loss, progress.epoch + 1, 0
        return
    progress.stale += 1
    sparse = pruning is None or (progress.epoch + 1) * run.steps >= pruning.end
    progress.done = sparse and progress.stale >= patience


@torch.no_grad()
def measure(
    forward: Callable[[Tensor, Tensor], Tensor],
    model: nn.Module,
    task: Task,
    feed: Feed,
    *,
    seed: int,
    ranks: Ranks = ALONE,
    between: Callable[[], None] | None = None,
) -> dict[str, float]:
    """Return the task's metrics over a part, every version of every segment.

    Of several ranks each measures some of the batches.

    Parameters
    ----------
    between
        Is called before each batch, by all ranks together.
    """
    model.eval()
    sums: dict[str, Tensor] = {}
    for step, item_B in enumerate(sweep(len(feed) * task.versions, WATCH_BATCH)):
        if between is not None and step % ranks.count == 0:
            between()
        if step % ranks.count != ranks.rank:
            continue
        batch = draw(task, feed, item_B, seeded(seed, WATCHING, step, feed.device))
        for name, value in task.tally(forward(batch.signal_BCT, batch.feature_BF), batch).items():
            sums[name] = sums[name] + value if name in sums else value
    return task.values(sums if ranks.count == 1 else ranks.summed(sums))
