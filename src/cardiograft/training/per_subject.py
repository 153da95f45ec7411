"""A network of its own for each subject, all from the same first weights: a calibration's.

One network that is tuned to several people at once has to learn whose segment it is shown, and the
more people there are the less it has of each. Who uses a device calibrates it to one person.

Legend: N segments.
"""

import copy
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from cardiograft.checkpoints.file import contiguous
from cardiograft.splits.table import SplitTable
from cardiograft.training.feed import Feed
from cardiograft.training.loop import Outcome
from cardiograft.training.run import log
from cardiograft.training.state import HistoryRow, TrainingProgress

# Trains a network of its own on some segments, from a saved state where there is one.
Train = Callable[[nn.Module, Feed, Path], Outcome]
Own = dict[str, dict[str, Tensor]]  # by subject, the tensors of a network


def whose(split: SplitTable) -> npt.NDArray[np.str_]:
    """Return the person of each training segment, none where no network of its own is needed.

    Raises
    ------
    ValueError
        Nobody who is trained on is in another part too.
    """
    person_N = split.subject_N
    elsewhere = np.unique(person_N[np.isin(split.part_N, ("validation", "test"))])
    trained_N = person_N[split.part_N == "train"]
    whose_N: npt.NDArray[np.str_] = np.where(np.isin(trained_N, elsewhere), trained_N, "")
    if not (whose_N != "").any():
        raise ValueError(
            "per_subject: nobody who is trained on is in the test or the validation part: the"
            " split needs a calibration of more than 0 seconds"
        )
    for name in sorted(set(elsewhere.tolist()) - set(whose_N.tolist())):
        log(f"{name} has no training segments: predicted with the first weights")
    return whose_N


def one_for_each(
    train: Train, network: nn.Module, feed: Feed, whose_N: npt.NDArray[np.str_], *, state: Path
) -> tuple[Outcome, Own]:
    """Train a copy of the network on each subject's segments.

    Parameters
    ----------
    network
        With its first weights; unchanged.
    state
        File that a single training saves to: each has one beside it.

    Returns
    -------
    outcome : Outcome
        The first weights; seconds of all, and of each epoch the mean over subjects.
    own : dict
        By subject, the tensors that its training left.
    """
    first = contiguous(network.state_dict())
    subjects = [name for name in np.unique(whose_N).tolist() if name]
    outcomes = {}
    for place, subject in enumerate(subjects):
        log(f"subject {place + 1} of {len(subjects)}")
        chosen = torch.from_numpy(np.flatnonzero(whose_N == subject))
        columns = {name: c[chosen.to(c.device)] for name, c in feed.columns.items()}
        mine = state.with_name(f"{state.stem}-subject-{place}{state.suffix}")
        outcomes[subject] = train(copy.deepcopy(network), replace(feed, columns=columns), mine)
    every = list(outcomes.values())
    progress = TrainingProgress(
        epoch=max(one.progress.epoch for one in every),
        history=_mean([one.progress.history for one in every]),
        wall_s=sum(one.progress.wall_s for one in every),
    )
    outcome = replace(every[0], tensors=first, progress=progress)
    return outcome, {subject: one.tensors for subject, one in outcomes.items()}


def _mean(histories: list[list[HistoryRow]]) -> list[HistoryRow]:
    """Return the mean over subjects of each epoch's values, at the steps of the longest epoch."""
    values = defaultdict(list)
    for history in histories:
        for epoch, step, part, metric, value in history:
            values[epoch, part, metric].append((step, value))
    return [
        (
            epoch,
            max(step for step, _ in points),
            part,
            metric,
            float(np.mean([v for _, v in points])),
        )
        for (epoch, part, metric), points in sorted(values.items())
    ]
