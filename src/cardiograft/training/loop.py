"""One `fit()` for every task: same seed, same bytes, however often it is interrupted.

Nothing that is drawn depends on what was drawn before: order, augmentation and dropout of a
step follow from seed, epoch and step.

Legend: B batch, I items of an epoch.
"""

import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from accelerate import Accelerator
from torch import Generator, Tensor, nn

from cardiograft import plugins
from cardiograft.checkpoints.file import contiguous
from cardiograft.checkpoints.masks import hide
from cardiograft.checkpoints.names import below
from cardiograft.records import Int64
from cardiograft.specs.training import Training
from cardiograft.training.average import averaged, follow, shown
from cardiograft.training.codes import Coded
from cardiograft.training.determinism import WATCHING, seeded
from cardiograft.training.domain import FEWEST, Adaptation, first
from cardiograft.training.feed import Feed, draw
from cardiograft.training.optimiser import make_optimiser, rate_at
from cardiograft.training.order import batches, epoch_order, resampled, sweep
from cardiograft.training.state import Progress, Stop, restore_state, save_state, terminated
from cardiograft.training.task import Batch, Start, Task

AS_IT_IS = Start()
WATCH_BATCH = 256


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a training gives: the kept epoch's tensors and masks, and how it went."""

    tensors: dict[str, Tensor]
    masks: dict[str, Tensor]
    progress: Progress
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
    adaptation: Adaptation | None = None,
    state: Path | None = None,
) -> Outcome:
    """Train a network.

    Parameters
    ----------
    network
        Trained in place; holds the last epoch's weights in the end, or their average.
    task
        What it learns; has learnt or recalled what it needs.
    train
        The training part.
    watched
        ``validation``, ``test``: measured after every epoch.
    seed
        Of everything that is drawn.
    accelerator
        Device and precision.
    adaptation
        What draws the codes of another domain towards those of the training part.
    state
        File to go on from where it exists, and to write after every epoch.

    Raises
    ------
    ValueError
        The options ask for what is not there, or the loss is no number any more.
    SystemExit
        The job was told to end; its state is saved.
    """
    run = _Run(network, task, train, watched, training, seed, accelerator, start, adaptation, state)
    check(run)
    with terminated() as stop:
        run.resume()
        while run.progress.epoch < training.epochs and not run.progress.done:
            _epoch(run, stop)
    if run.average:
        network.load_state_dict(run.average)
    kept = run.progress.kept or contiguous(network.state_dict())
    masks = run.progress.kept_masks if run.progress.kept else contiguous(run.masks)
    if start.pruning is not None:
        kept, masks = start.pruning.finished(kept, masks)
    return Outcome(tensors=kept, masks=masks, progress=run.progress, device=str(accelerator.device))


class _Run:
    """What every step of one training needs at hand."""

    def __init__(
        self,
        network: nn.Module,
        task: Task,
        train: Feed,
        watched: Mapping[str, Feed],
        training: Training,
        seed: int,
        accelerator: Accelerator,
        start: Start,
        adaptation: Adaptation | None,
        state: Path | None,
    ) -> None:
        self.network = network.to(accelerator.device)
        self.task, self.train, self.watched = task, train, watched
        self.training, self.seed, self.start, self.state = training, seed, start, state
        self.accelerator, self.device = accelerator, accelerator.device
        self.masks = {n: m.to(self.device) for n, m in start.masks.items()}
        if start.pruning is not None:
            start.pruning.attach(network, self.masks)
        self.average = averaged(network, training)
        self.progress = Progress()
        self.adaptation, self.terms = adaptation, dict[str, Tensor]()
        self.beside = None if adaptation is None else adaptation.loss
        self.plain = make_optimiser(network, training, start, self.beside)
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
        """Yield what is trained: the network's, then what the adaptation holds."""
        yield from self.network.parameters()
        if self.beside is not None:
            yield from self.beside.parameters()

    def resume(self) -> None:
        """Go on from a saved state where there is one, and let Accelerate wrap the rest."""
        scaler = None
        if self.state is not None and self.state.is_file():
            self.progress, scaler = restore_state(
                self.state,
                model=self.network,
                masks=self.masks,
                average=self.average,
                optimiser=self.plain,
                device=self.device,
                beside=self.beside,
            )
            terms = self.progress.terms.items()
            self.terms = {n: torch.tensor(v, dtype=torch.float64).to(self.device) for n, v in terms}
            say(f"resuming at epoch {self.progress.epoch + 1}, step {self.progress.step}")
        whole = self.network if self.adaptation is None else Coded(self.network)
        self.model, self.optimiser = self.accelerator.prepare(whole, self.plain)
        if scaler is not None and self.accelerator.scaler is not None:
            self.accelerator.scaler.load_state_dict(scaler)
        self.call = torch.compile(self.model) if self.training.compile else self.model
        self.forward: Callable[[Tensor, Tensor], Tensor] = self.call
        if self.adaptation is not None:
            self.forward = lambda signal_BCT, feature_BF: self.call(signal_BCT, feature_BF)[0]
        self.since = time.monotonic()

    def save(self) -> None:
        """Write the state."""
        now = time.monotonic()
        self.progress.wall_s += now - self.since
        self.since = now
        self.progress.terms = {name: float(total) for name, total in self.terms.items()}
        if self.state is not None:
            scaler = self.accelerator.scaler
            save_state(
                self.state,
                self.progress,
                model=self.network,
                masks=self.masks,
                average=self.average,
                optimiser=self.plain,
                scaler=None if scaler is None else scaler.state_dict(),
                beside=self.beside,
            )


def check(run: _Run) -> None:
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
        raise ValueError(f"monitor {training.monitor!r} is not a figure of the task.{known}")
    total, pruning = run.steps * training.epochs, run.start.pruning
    if pruning is not None and total < pruning.end:
        raise ValueError(f"sparsity.end {pruning.end} is after the last training step, {total}")
    if not any(p.requires_grad for p in run.network.parameters()):
        raise ValueError(f"frozen {list(run.start.frozen)} leaves nothing to train")
    if run.adaptation is not None:
        _check_adaptation(run, run.adaptation)


def _check_adaptation(run: _Run, adaptation: Adaptation) -> None:
    encoder = run.network.get_submodule("encoder")
    if not adaptation.supervised and not any(p.requires_grad for p in encoder.parameters()):
        raise ValueError(
            f"adaptation: frozen {list(run.start.frozen)} leaves no encoder to adapt; unfreeze"
            " some of it, or set supervised"
        )
    size = len(batches(run.order(0), run.training.batch_size)[0])
    if size < FEWEST:
        raise ValueError(f"adaptation needs batches of {FEWEST} or more segments, not of {size}")


def _epoch(run: _Run, stop: Stop) -> None:
    progress, size = run.progress, run.training.batch_size
    _train_mode(run)
    loss = torch.tensor(progress.loss, dtype=torch.float64, device=run.device)
    for step, item_B in enumerate(batches(run.order(progress.epoch), size)):
        if step < progress.step:
            continue
        loss += _step(run, step, item_B).double() * len(item_B)
        progress.step, progress.items = step + 1, progress.items + len(item_B)
        if stop.asked:
            progress.loss = float(loss)
            run.save()
            sys.exit(143)
    items = max(progress.items, 1)
    _close(run, {n: float(t) / items for n, t in {"loss": loss, **run.terms}.items()})


def _train_mode(run: _Run) -> None:
    run.model.train()
    for name, module in run.network.named_modules():
        # Frozen means its running means and variances too.
        if name and any(below(name, prefix) for prefix in run.start.frozen):
            module.eval()


def _step(run: _Run, step: int, item_B: Int64) -> Tensor:
    training, progress = run.training, run.progress
    before = progress.epoch * run.steps + step
    rate = rate_at(before, training.epochs * run.steps, training)
    for group in run.plain.param_groups:
        group["lr"] = rate * group.get("factor", 1.0)
    if before == 0 and run.start.pruning is not None:
        run.start.pruning.renew(run.network, run.masks, step=0)
    generator = seeded(run.seed, progress.epoch, step, run.device)
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
        follow(run.average, run.network, run.masks, decay=training.ema, step=before)
    return loss.detach()


def _losses(
    run: _Run, batch: Batch, generator: Generator, *, size: int, before: int
) -> tuple[Tensor, Tensor]:
    """Return the task's loss, and the whole that training lowers; keep count of the rest."""
    adaptation, task, training = run.adaptation, run.task, run.training
    if adaptation is None:
        loss = task.loss(run.forward(batch.signal_BCT, batch.feature_BF), batch)
        return loss, loss
    item_D = adaptation.items(
        before, size=training.batch_size, versions=task.versions, seed=run.seed
    )
    domain = first(draw(task, adaptation.feed, item_D, generator, training=True), len(item_D))
    through = before / (training.epochs * run.steps)
    terms = adaptation.terms(run.call, task, batch, domain, size=size, through=through)
    for name, term in terms.items():
        if name != "loss":
            run.terms[name] = run.terms.get(name, 0.0) + term.detach().double() * size
    return terms["loss"], adaptation.whole(terms)


def _close(run: _Run, losses: Mapping[str, float]) -> None:
    """End an epoch: measure, keep the best, save."""
    progress, training = run.progress, run.training
    epoch = progress.epoch + 1
    for name, value in losses.items():
        if not math.isfinite(value):
            raise ValueError(
                f"training diverged: the {name} of epoch {epoch} is {value}"
                f" (learning_rate {training.learning_rate:g})"
            )
    done = epoch * run.steps
    progress.history += [(epoch, done, "train", name, value) for name, value in losses.items()]
    said = ", ".join(f"{name.replace('_', ' ')} {value:.4f}" for name, value in losses.items())
    line = f"epoch {epoch}/{training.epochs}: train {said}"
    with shown(run.average, run.network):
        for part, feed in run.watched.items():
            figures = measure(run.forward, run.model, run.task, feed, seed=run.seed)
            progress.history += [(epoch, done, part, name, v) for name, v in figures.items()]
            line += f"; {part} " + ", ".join(f"{n} {figures[n]:.4f}" for n in list(figures)[:3])
            if training.keep == f"best_{part}":
                _keep(run, figures[training.monitor])
    progress.epoch, progress.step, progress.loss, progress.items = epoch, 0, 0.0, 0
    run.terms.clear()
    run.save()
    say(f"{line}; {progress.wall_s:.0f} s")


def _keep(run: _Run, figure: float) -> None:
    progress, pruning = run.progress, run.start.pruning
    if pruning is not None and (progress.epoch + 1) * run.steps < pruning.end:
        return  # not yet as sparse as asked
    sign = run.task.monitors[run.training.monitor]
    if progress.best is None or sign * figure > sign * progress.best:
        progress.best, progress.best_epoch, progress.stale = figure, progress.epoch + 1, 0
        progress.kept = contiguous(run.network.state_dict())
        progress.kept_masks = contiguous(run.masks)
        return
    progress.stale += 1
    progress.done = progress.stale == run.training.patience


@torch.no_grad()
def measure(
    forward: Callable[[Tensor, Tensor], Tensor],
    model: nn.Module,
    task: Task,
    feed: Feed,
    *,
    seed: int,
) -> dict[str, float]:
    """Return the task's figures over a part, every version of every segment."""
    model.eval()
    sums: dict[str, Tensor] = {}
    for step, item_B in enumerate(sweep(len(feed) * task.versions, WATCH_BATCH)):
        batch = draw(task, feed, item_B, seeded(seed, WATCHING, step, feed.device))
        for name, value in task.tally(forward(batch.signal_BCT, batch.feature_BF), batch).items():
            sums[name] = sums[name] + value if name in sums else value
    return task.figures(sums)


def say(line: str) -> None:
    """Tell whoever watches how far a job is."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201
