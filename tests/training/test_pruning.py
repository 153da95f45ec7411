"""Magnitude pruning: the schedule, the masks, and what the file says."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from cardiograft.checkpoints.file import read_checkpoint
from cardiograft.checkpoints.masks import sparsity_summary
from cardiograft.specs.prune import Prune, Sparsity
from cardiograft.specs.transfer import Transfer
from cardiograft.training.pruning.magnitude import Magnitude, magnitude_mask
from cardiograft.training.pruning.schedule import due, sparsity_at

# STUDIES, `scg_to_ecg`: s_i = 0.10, s_f = 0.25, t_0 = 0, t_1 = 1000, every 100 steps.
TEN = (0.14065, 0.1732, 0.19855, 0.2176, 0.23125, 0.2404, 0.24595, 0.2488, 0.24985, 0.25)


def test_the_schedule_has_the_published_values() -> None:
    spec = Sparsity(initial=0.10, final=0.25, begin=0, end=1000, every=100)
    sparsity = [sparsity_at(step, spec) for step in range(100, 1001, 100)]
    assert sparsity == pytest.approx(TEN, abs=1e-12)
    assert sparsity_at(0, spec) == pytest.approx(0.10)
    assert sparsity_at(5000, spec) == 0.25


schedules = st.builds(
    lambda initial, more, begin, length, every: Sparsity(
        initial=initial, final=initial + more, begin=begin, end=begin + length, every=every
    ),
    st.floats(0, 0.5),
    st.floats(0, 0.45),
    st.integers(0, 500),
    st.integers(1, 2000),
    st.integers(1, 300),
)


@given(spec=schedules)
def test_a_schedule_never_falls_and_ends_where_it_says(spec: Sparsity) -> None:
    steps = [s for s in range(0, spec.end + 400) if due(s, spec)]
    values = [sparsity_at(step, spec) for step in steps]
    assert values == sorted(values)
    assert steps[0] == spec.begin
    assert steps[-1] == spec.end
    assert values[0] == pytest.approx(spec.initial)
    assert values[-1] == pytest.approx(spec.final)


@given(size=st.integers(1, 300), sparsity=st.floats(0, 0.99), seed=st.integers(0, 99))
def test_a_mask_hides_the_smallest_and_as_many_as_asked(
    size: int, sparsity: float, seed: int
) -> None:
    kernel = torch.randn(size, generator=torch.Generator().manual_seed(seed))
    mask = magnitude_mask(kernel, sparsity)
    assert int((~mask).sum()) == size - round(size * (1 - sparsity))
    if mask.any() and not mask.all():
        assert kernel[~mask].abs().max() <= kernel[mask].abs().min()


def test_what_was_pruned_before_stays_so_even_where_that_is_more() -> None:
    kernel = torch.tensor([0.0, 5.0, 0.0, 1.0, 2.0, 3.0])
    old = torch.tensor([True, True, False, True, False, False])
    mask = magnitude_mask(kernel, 1 / 6, old)
    assert mask.tolist() == old.tolist()
    assert magnitude_mask(kernel, 5 / 6, old).tolist() == [False, True] + [False] * 4


def test_biases_and_normalisations_are_left_alone() -> None:
    network = nn.Sequential(nn.Conv1d(2, 4, 3), nn.BatchNorm1d(4), nn.Flatten(), nn.Linear(8, 3))
    masks: dict[str, torch.Tensor] = {}
    schedule = Magnitude(Sparsity(initial=0.5, final=0.5, end=1))
    schedule.renew(network, masks, step=0)
    assert set(masks) == {"0.weight", "3.weight"}
    assert [int((p == 0).sum()) for _, p in sorted(network.named_parameters())] == [
        0,
        12,
        4,
        0,
        0,
        12,
    ]


def pruned(cohort: Any, source: Path, out: Path, **changes: Any) -> Path:
    card = json.loads((source / "card.json").read_text("utf-8"))["spec"]
    spec = Prune.model_validate(
        {
            "source": "toy",
            "split": "toy",
            "model": card["model"],
            "task": card["task"],
            "sparsity": {"initial": 0.1, "final": 0.4, "end": 20, "every": 5, **changes},
            "training": {"epochs": 3, "batch_size": 32},
        }
    )
    folder: Path = cohort.job("prune", spec, out / "model", source=source)
    return folder


def test_the_file_is_as_sparse_as_asked_and_the_mask_stands_after_the_end(
    cohort: Any, pretrained: Callable[..., Path], tmp_path: Path
) -> None:
    folder = pruned(cohort, pretrained(), tmp_path / "p")
    saved = read_checkpoint(folder / "model.safetensors")
    kernels = {name: t for name, t in saved.tensors.items() if t.ndim >= 2}
    assert set(saved.masks) == set(kernels)
    for name, kernel in kernels.items():
        zeros = kernel.numel() - round(kernel.numel() * 0.6)
        assert int((kernel == 0).sum()) == int((~saved.masks[name]).sum()) == zeros
        assert (kernel[~saved.masks[name]] == 0).all()
    card = json.loads((folder / "card.json").read_text("utf-8"))
    size = sum(k.numel() for k in kernels.values())
    zeros = sum(int((k == 0).sum()) for k in kernels.values())
    assert card["sparsity"]["kernels"] == zeros / size == pytest.approx(0.4, abs=0.02)
    assert card["sparsity"]["total"] == zeros / card["parameters"]
    assert card["parents"][0]["stage"] == "pretrain"


def test_a_training_too_short_for_the_schedule_is_refused(
    cohort: Any, pretrained: Callable[..., Path], tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=r"sparsity.end 31 is after the last training step, 30"):
        pruned(cohort, pretrained(), tmp_path / "p", end=31)


def test_masks_survive_a_transfer_and_the_training_after_it(
    cohort: Any, pretrained: Callable[..., Path], tmp_path: Path
) -> None:
    folder = pruned(cohort, pretrained(), tmp_path / "p")
    source = read_checkpoint(folder / "model.safetensors")
    spec = Transfer.model_validate(
        {
            "split": "toy",
            "model": source.about["spec"]["model"],
            "task": "classify",
            "sources": [{"entry": "toy"}],
            "training": {"epochs": 2, "optimiser": "adamw", "weight_decay": 0.1},
        }
    )
    cohort.job("transfer", spec, tmp_path / "t", sources_=[folder])
    tuned = read_checkpoint(tmp_path / "t/model.safetensors")
    assert set(tuned.masks) == {name for name in source.masks if name.startswith("encoder")}
    for name, mask in tuned.masks.items():
        assert torch.equal(mask, source.masks[name])
        assert (tuned.tensors[name][~mask] == 0).all()
        assert not torch.equal(tuned.tensors[name], source.tensors[name])
    ledger = json.loads((tmp_path / "t/ledger.json").read_text("utf-8"))
    assert {line["tensor"] for line in ledger["tensors"] if line["state"] == "masked"} == set(
        tuned.masks
    )


def test_a_pruned_checkpoint_is_pruned_further_and_never_less(
    cohort: Any, pretrained: Callable[..., Path], tmp_path: Path
) -> None:
    first = pruned(cohort, pretrained(), tmp_path / "one")
    again = pruned(cohort, first, tmp_path / "two", initial=0.0, final=0.7)
    before, after = (read_checkpoint(f / "model.safetensors") for f in (first, again))
    assert all((~after.masks[name])[~mask].all() for name, mask in before.masks.items())
    assert sparsity_summary(after)["kernels"] == pytest.approx(0.7, abs=0.02)
