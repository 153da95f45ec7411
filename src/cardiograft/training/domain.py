"""Domain adaptation: a second batch of each step, and the loss that aligns its codes.

Each step takes a batch of the training part, with its targets, and one of the other domain:
an adaptation loss compares the encoder's codes of both. Without supervision, that domain's
targets are not even read. Each batch goes through the network by itself, so that batch
normalisation never mixes them.

Legend: B batch, D batch of the domain, W numbers of a code, T samples, S steps of a code,
N segments, I items of a batch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from cardiograft import plugins
from cardiograft.files import file_digest
from cardiograft.records import Int64, Shape
from cardiograft.segments import shards
from cardiograft.segments.folders import data_digest, pooled
from cardiograft.specs.entry import Adapting
from cardiograft.splits.table import read_split_table
from cardiograft.training.codes import code_width
from cardiograft.training.feed import Feed, read_feed
from cardiograft.training.order import epoch_order
from cardiograft.training.task import Batch, Columns, Task

CYCLES = 2**31  # the "epoch" that the domain's first order is drawn for: no epoch of its own
TARGETS = ("label", "target")  # columns of what should come out
FEWEST = 2  # segments of a batch: one has no covariance

Call = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


class Unlabelled:
    """Reads the input of a domain's segments and leaves their targets out.

    Parameters
    ----------
    task
        What the network learns; it receives unknown labels and targets of zero.
    meta
        Of the shards that it is trained on: how large a target is.
    """

    def __init__(self, task: Task, meta: shards.Meta) -> None:
        self._task = task
        self._size = (len(meta.target_channels), meta.target_samples)
        self.columns = tuple(c for c in task.columns if c not in TARGETS)

    def encode(self, columns: Columns) -> dict[str, Tensor]:
        """Turn columns into tensors, one row a segment."""
        rows = len(next(iter(columns.values())))
        whole = dict(columns)
        if "label" in self._task.columns:
            whole["label"] = np.full(rows, None, dtype=object)
        if "target" in self._task.columns:
            whole["target"] = np.zeros((rows, *self._size), np.float32)
        return self._task.encode(whole)


@dataclass(frozen=True, kw_only=True)
class Domain:
    """Where the other domain's segments are, and what the entry requests of them."""

    request: Adapting
    segments: Sequence[Path]
    split: Path

    def facts(self) -> dict[str, Any]:
        """Return what the result depends on, as a card has it."""
        return {
            "data": data_digest(self.segments),
            "split_digest": file_digest(self.split),
        }

    def feed(
        self,
        own: Sequence[Path],
        task: Task,
        *,
        device: torch.device,
        scratch: Path,
    ) -> Feed:
        """Read the domain's part of its shards.

        Parameters
        ----------
        own
            Shards that the network is trained on: these must be like them.

        Raises
        ------
        ValueError
            The shards differ in rate or shape, the part is empty or of an honest test, or it
            lacks labels that supervision needs.
        """
        request, split = self.request, read_split_table(self.split)
        if request.part == "test" and split.protocol != "paper":
            raise ValueError(
                f"adaptation.part 'test' adapts to the test set of {request.domain!r}, whose"
                f" protocol is {split.protocol!r}: use 'train'"
            )
        meta = pooled([*own, *self.segments], targets=request.supervised)
        ids = split.ids(request.part)
        if len(ids) < FEWEST:
            raise ValueError(
                f"adaptation.domain {request.domain!r}: its {request.part} part has {len(ids)}"
                f" segments, at least {FEWEST} are needed"
            )
        reader = task if request.supervised else Unlabelled(task, meta)
        feed = read_feed(self.segments, ids, reader, device=device, scratch=scratch)
        if request.supervised and "label" in feed.columns:
            missing = int((feed.columns["label"] < 0).sum())
            if missing:
                raise ValueError(
                    f"adaptation.supervised: {missing} of the {len(ids)} segments of"
                    f" {request.domain!r} have no label"
                )
        return feed


def requested_domain(
    request: Adapting | None, segments: Sequence[Path], split: Path | None
) -> Domain | None:
    """Return the domain that an entry adapts to, if any, and where it lies.

    Raises
    ------
    ValueError
        The folders are given without an adaptation, or the other way round.
    """
    if request is None:
        if segments or split is not None:
            raise ValueError("--domain-segments and --domain-split: the entry has no adaptation")
        return None
    if not segments or split is None:
        raise ValueError(
            f"adaptation {request.name!r} to {request.domain!r} needs --domain-segments and"
            " --domain-split"
        )
    return Domain(request=request, segments=segments, split=split)


def first(batch: Batch, size: int) -> Batch:
    """Drop synthetic items, which a task appends to the `size` real ones."""
    return Batch(batch.signal_BCT[:size], batch.feature_BF[:size], batch.target[:size])


@dataclass(frozen=True, kw_only=True)
class DomainTerm:
    """A second batch of each step, from the domain, and the loss that aligns its codes.

    Attributes
    ----------
    loss
        Of two batches of codes and the share of the training done; what it holds is trained
        with the network, and never published.
    weight, supervised
        As in the entry.
    feed
        The domain's part.
    """

    loss: nn.Module
    weight: float
    supervised: bool
    feed: Feed

    def items(self, step: int, *, size: int, versions: int, seed: int) -> Int64:
        """Return the domain's batch at a step, counted over all epochs, shape (I,).

        The domain is gone through again and again, each time in an order of its own; what is
        left of it after the last whole batch is left out that time.
        """
        count = len(self.feed) * versions
        size = min(size, count)
        cycle, place = divmod(step, count // size)
        order = epoch_order(count, seed=seed, epoch=CYCLES + cycle)
        return order[place * size : (place + 1) * size]

    def terms(
        self, call: Call, task: Task, batch: Batch, domain: Batch, *, size: int, through: float
    ) -> dict[str, Tensor]:
        """Return the task's ``loss``, the ``adaptation`` and, supervised, the ``domain_loss``.

        The first `size` codes of the batch are compared.
        """
        output, code_BW = call(batch.signal_BCT, batch.feature_BF)
        domain_output, code_DW = call(domain.signal_BCT, domain.feature_BF)
        terms = {
            "loss": task.loss(output, batch),
            "adaptation": self.loss(code_BW[:size], code_DW, through=through),
        }
        if self.supervised:
            terms["domain_loss"] = task.loss(domain_output, domain)
        return terms

    def total(self, terms: dict[str, Tensor]) -> Tensor:
        """Return what training lowers: the sum of the terms, the adaptation times its weight."""
        factors = {"adaptation": self.weight}
        return torch.stack([factors.get(name, 1.0) * term for name, term in terms.items()]).sum()


def make_domain_term(
    request: Adapting, network: nn.Module, shape: Shape, feed: Feed, *, seed: int
) -> DomainTerm:
    """Return the adaptation that an entry requests; its own weights follow from the seed."""
    numbers = code_width(network, shape)
    torch.manual_seed(seed)
    loss: nn.Module = plugins.load("adaptations", request.name).make(numbers, **request.options)
    return DomainTerm(
        loss=loss.to(feed.device),
        weight=request.weight,
        supervised=request.supervised,
        feed=feed,
    )
