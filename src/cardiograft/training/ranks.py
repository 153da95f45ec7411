"""The processes of one training that is spread over several devices, and what they agree on.

Every process, a rank, draws the whole of each batch, as a single process would, and trains on a
share of it: so that nothing that is drawn depends on how many ranks there are. What they agree on
(sums, a request to end, when to save) goes by the processors, so that no device is waited for.

Legend: B batch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from accelerate import Accelerator
from torch import Tensor, distributed, nn

from cardiograft.training.determinism import available_device
from cardiograft.training.processes import Begun
from cardiograft.training.task import Batch, Task

FEWEST = 2  # items in a rank's part of a batch


@dataclass(frozen=True)
class Ranks:
    """All processes of a training, seen from one of them.

    Attributes
    ----------
    rank, count
        This one, and how many there are.
    group
        Of torch: over which they agree.
    """

    rank: int = 0
    count: int = 1
    group: Any = None

    @property
    def first(self) -> bool:
        """Whether this one saves, publishes and speaks for all."""
        return self.rank == 0

    def highest(self, numbers: Sequence[int]) -> list[int]:
        """Return, to every rank, the largest that any of them has, number by number."""
        if self.count == 1:
            return list(numbers)
        among = torch.tensor(numbers)
        distributed.all_reduce(among, op=distributed.ReduceOp.MAX, group=self.group)
        return [int(number) for number in among]

    def gathered(self, value: Any) -> list[Any]:
        """Return, to every rank, what each of them has, in their order."""
        if self.count == 1:
            return [value]
        values: list[Any] = [None] * self.count
        distributed.all_gather_object(values, value, group=self.group)
        return values

    def total(self, value: float) -> float:
        """Return, to every rank, the sum of what each of them has."""
        return float(sum(self.gathered(value)))

    def summed(self, sums: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return, to every rank, the sums by name of what each of them has; some may have none."""
        whole: dict[str, Tensor] = {}
        for one in self.gathered({name: tensor.cpu() for name, tensor in sums.items()}):
            for name, tensor in one.items():
                whole[name] = whole[name] + tensor if name in whole else tensor
        return whole

    def level(self, network: nn.Module, average: Mapping[str, Tensor]) -> None:
        """Give all ranks the first one's running means and variances: each has seen its share.

        Parameters
        ----------
        average
            Of the network's tensors, which averages those too; empty without one.
        """
        if self.count == 1:
            return
        for name, buffer in network.named_buffers():
            distributed.broadcast(buffer, 0)
            if name in average:
                distributed.broadcast(average[name], 0)

    def meet(self) -> None:
        """Wait until every rank has come here."""
        if self.count > 1:
            distributed.barrier(group=self.group)


ALONE = Ranks()


def together(network: nn.Module) -> nn.Module:
    """Have batch normalisation see all ranks' shares of a batch; the tensors stay the same."""
    whole: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]
    return whole


def joined(own: Begun, *, precision: str) -> tuple[Accelerator, Ranks]:
    """Find this process's device, and the other processes of its training.

    Raises
    ------
    RuntimeError
        They do not train together.
    """
    # Accelerate leaves processes without a GPU each to itself unless the variables are set.
    together = own.count > 1 and available_device().type == "cpu"
    accelerator = Accelerator(mixed_precision=precision, cpu=together)
    if own.count == 1:
        return accelerator, ALONE
    if (accelerator.num_processes, accelerator.process_index) != (own.count, own.rank):
        raise RuntimeError(
            f"process {own.rank} of {own.count} is {accelerator.process_index} of"
            f" {accelerator.num_processes} to Accelerate"
        )
    return accelerator, Ranks(own.rank, own.count, distributed.new_group(backend="gloo"))


class Share(NamedTuple):
    """What a rank trains on of a batch, and how much its mean loss counts in the whole's.

    Attributes
    ----------
    place
        Its items of the batch.
    weight
        Weights of all ranks add up to one.
    """

    place: slice
    weight: float


def shares(mass_B: Tensor, count: int) -> list[Share]:
    """Divide a batch among ranks so that their weighed mean losses add up to the batch's.

    Each has a part, as even as can be, and every item is in one part. Where a part would be a
    single item, whose variance no batch normalisation can learn from, or would count for nothing,
    so that no mean can be taken over it, each rank has the whole batch and counts as one of them.

    Parameters
    ----------
    mass_B
        What each item counts in the mean over the batch.
    """
    size = len(mass_B)
    edges = [size * rank // count for rank in range(count + 1)]
    places = [slice(first, end) for first, end in pairwise(edges)]
    masses = [float(mass_B[place].sum()) for place in places]
    if size < FEWEST * count or not all(masses):
        return [Share(slice(0, size), 1 / count)] * count
    return [Share(p, m / sum(masses)) for p, m in zip(places, masses, strict=True)]


def shared(batch: Batch, task: Task, ranks: Ranks) -> tuple[Batch, float]:
    """Return a rank's share of a batch, and its weight in the mean over the batch."""
    if ranks.count == 1:
        return batch, 1.0
    size = len(batch.signal_BCT)
    place, weight = shares(item_masses(task, batch, size), ranks.count)[ranks.rank]
    return Batch(batch.signal_BCT[place], batch.feature_BF[place], batch.target[place]), weight


def item_masses(task: Task, batch: Batch, size: int) -> Tensor:
    """Return what each item counts in the mean that is a task's loss: one, unless it says."""
    stated = getattr(task, "masses", None)
    return torch.ones(size) if stated is None else stated(batch).double().cpu()
