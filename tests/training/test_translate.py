"""Signals out: translation to a target, reconstruction, and their scaling, losses and metrics."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from scipy.stats import pearsonr
from sklearn.metrics import r2_score
from torch import Generator, Tensor, nn
from torch.nn import functional

from cardiograft.evaluation import predictions
from cardiograft.segments import shards
from cardiograft.signals.augmentation import Augmentation, masked, noisy
from cardiograft.signals.scaling import shift_and_span
from cardiograft.specs.training import Training
from cardiograft.training.feed import draw, read_feed
from cardiograft.training.loop import fit
from cardiograft.training.task import Batch
from cardiograft.training.tasks import reconstruct, translate
from cardiograft.training.tasks._signal import correlation, losses, scaled

SAMPLES = 125
META = shards.Meta(
    spec={},
    manifest_digest="0",
    simulated=True,
    rate_hz=125.0,
    channels=("SCG x", "SCG y", "SCG z"),
    samples=SAMPLES,
    target_channels=("ECG I", "ECG II"),
    target_samples=SAMPLES,
)
Z_ONLY = shards.Meta(
    spec={},
    manifest_digest="0",
    simulated=True,
    rate_hz=125.0,
    channels=("SCG z",),
    samples=SAMPLES,
)


def seeded(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


def rows(count: int = 6, samples: int = SAMPLES) -> dict[str, Tensor]:
    return {
        "signal": torch.randn((count, 3, samples), generator=seeded(1)) * 0.02 + 0.1,
        "target": torch.randn((count, 2, samples), generator=seeded(2)) * 3 - 1,
    }


def version(count: int) -> Tensor:
    return torch.zeros(count, dtype=torch.int64)


@pytest.mark.parametrize("samples", [124, 125])
def test_scaling_is_that_of_the_shards_or_has_one_divisor_for_all(samples: int) -> None:
    signal = rows(samples=samples)["signal"] * torch.tensor([[[1.0], [4.0], [9.0]]])
    shift_NC, span_NC = shift_and_span(signal.numpy(), "median_max")
    centred = signal.numpy() - shift_NC[..., None]
    own = scaled(signal, "median_max").numpy()
    np.testing.assert_allclose(own, centred / span_NC[..., None], atol=1e-5)
    joint = scaled(signal, "joint_median_max").numpy()
    np.testing.assert_allclose(joint, centred / span_NC.max(1)[:, None, None], atol=1e-5)
    sensors = torch.cat([signal, 100 * signal], dim=1)  # two, with a unit each
    expected = torch.cat([scaled(signal, "joint_median_max")] * 2, dim=1)
    torch.testing.assert_close(scaled(sensors, "sensor_median_max"), expected)
    assert scaled(signal, "none") is signal
    silent = torch.full((1, 2, 9), 3.0)
    assert not scaled(silent, "median_max").any()
    assert not scaled(silent, "joint_median_max").any()


def test_losses_are_as_defined() -> None:
    target = rows()["target"]
    output = target + torch.randn(target.shape, generator=seeded(3))
    windows = zip(output.numpy(), target.numpy(), strict=True)
    pairs = [list(zip(*window, strict=True)) for window in windows]
    apart = np.array([np.mean([1 - pearsonr(a, b)[0] for a, b in one]) for one in pairs])
    part = [np.mean([((a - b) ** 2).sum() / (b**2).sum() for a, b in one]) for one in pairs]
    squared = ((output - target) ** 2).mean((1, 2)).numpy()
    for kind, expected in (
        ("mse", squared),
        ("correlation", apart),
        ("correlation_mse", apart + part),
    ):
        loss_B = losses(output, target, kind)
        np.testing.assert_allclose(loss_B.numpy(), expected, rtol=1e-4)
        task = translate.make(META, loss=kind)
        batch = Batch(rows()["signal"], torch.zeros(6, 0), target)
        assert float(task.loss(output, batch)) == pytest.approx(expected.mean(), rel=1e-4)


def test_a_constant_output_has_no_correlation_and_a_finite_gradient() -> None:
    target = rows()["target"]
    output = torch.zeros_like(target).requires_grad_()
    assert (correlation(output, target) == 0).all()
    losses(output, target, "correlation_mse").mean().backward()
    assert output.grad is not None
    assert torch.isfinite(output.grad).all()


def test_figures_are_means_over_windows_and_add_up_over_batches() -> None:
    task = translate.make(META, loss="correlation")
    target = torch.randn((90, 2, SAMPLES), generator=seeded(2)) + 0.5
    output = 0.8 * target + 0.5 * torch.randn(target.shape, generator=seeded(4))
    sums: dict[str, Tensor] = {}
    for part in torch.arange(90).split(37):
        batch = Batch(torch.zeros(len(part), 3, SAMPLES), torch.zeros(len(part), 0), target[part])
        for name, value in task.tally(output[part], batch).items():
            sums[name] = sums[name] + value if name in sums else value
    pairs = list(
        zip(
            output.double().numpy().reshape(180, -1),
            target.double().numpy().reshape(180, -1),
            strict=True,
        )
    )
    r = np.mean([pearsonr(a, b)[0] for a, b in pairs])
    assert task.values(sums) == {
        "loss": pytest.approx(1 - r),
        "pearson": pytest.approx(r),
        "prd": pytest.approx(
            np.mean([100 * np.sqrt(((a - b) ** 2).sum() / (b**2).sum()) for a, b in pairs])
        ),
        "r2": pytest.approx(np.mean([r2_score(b, a) for a, b in pairs])),
    }


STRONG = {"rotation": 0.7, "gain": 0.5, "drop": 0.15, "tilt": 0.8, "stretch": 0.2, "noise": 0.15}


@pytest.mark.parametrize("scaling", ["none", "median_max", "joint_median_max"])
def test_windows_are_augmented_in_training_alone_and_then_scaled(scaling: Any) -> None:
    task, given = translate.make(META, scaling=scaling, **STRONG), rows()
    watched = task.batch(given, version(6), seeded())
    assert torch.equal(watched.signal_BCT, scaled(given["signal"], scaling))
    own = "none" if scaling == "none" else "median_max"
    assert torch.equal(watched.target, scaled(given["target"], own))
    trained = task.batch(given, version(6), seeded(), training=True)
    signal, target = Augmentation(**STRONG).apply(
        given["signal"], given["target"], seeded(), rate_hz=125.0
    )
    assert torch.equal(trained.signal_BCT, scaled(signal, scaling))
    assert torch.equal(trained.target, scaled(target, own))
    assert not torch.equal(trained.signal_BCT, watched.signal_BCT)
    plain = translate.make(META, scaling=scaling).batch(given, version(6), seeded(), training=True)
    assert torch.equal(plain.signal_BCT, watched.signal_BCT)
    assert torch.equal(plain.target, watched.target)


def test_reconstruction_gives_the_whole_window_back_from_a_corrupted_one() -> None:
    task = reconstruct.make(Z_ONLY, scaling="median_max", noise=0.2, mask=0.4)
    assert (task.labels, task.outputs) == (("SCG z",), (1, SAMPLES))
    given = {"signal": rows()["signal"][:, :1], "valid": torch.full((6,), SAMPLES)}
    whole = scaled(given["signal"], "median_max")
    watched = task.batch(given, version(6), seeded())
    assert torch.equal(watched.signal_BCT, whole)
    assert torch.equal(watched.target, whole)
    trained, generator = task.batch(given, version(6), seeded(), training=True), seeded()
    corrupted = noisy(whole, generator, share=0.2)
    corrupted = masked(corrupted, generator, share=0.4, piece=25)
    assert torch.equal(trained.signal_BCT, corrupted)
    assert torch.equal(trained.target, whole)
    assert (trained.signal_BCT.view(6, 5, 25) == 0).all(-1).sum(1).tolist() == [2] * 6


def test_what_cannot_be_done_is_refused_in_a_line() -> None:
    with pytest.raises(ValueError, match="the shards have no target channels"):
        translate.make(Z_ONLY)
    flat = shards.Meta(**{**vars(META), "channels": ("SCG z",)})
    with pytest.raises(ValueError, match=r"rotation 0.3 needs .* groups of 3 .* have 1: SCG z"):
        translate.make(flat, rotation=0.3)
    with pytest.raises(ValueError, match="scaling sensor_median_max needs channels in groups of 3"):
        translate.make(flat, scaling="sensor_median_max")
    task = translate.make(META)
    with pytest.raises(ValueError, match="class_weights: the task has no classes"):
        task.learn({}, balanced=True)
    with pytest.raises(ValueError, match=r"trained to give \['ECG'\], the shards have \['ECG I'"):
        task.recall({"labels": ["ECG"]})
    task.recall({"labels": ["I", "II"]})  # other names in another cohort
    assert task.labels == ("ECG I", "ECG II")


class Filter(nn.Module):
    """One convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Conv1d(3, 2, 9, padding=4)

    def forward(self, signal_BCT: Tensor, feature_BF: Tensor) -> Tensor:
        output: Tensor = self.encoder(signal_BCT)
        return output


def cohort(folder: Path) -> list[str]:
    """Write windows whose target is a filter of the signal, and return their ids."""
    kernel = torch.randn((2, 3, 9), generator=seeded(5))
    with shards.Writer(folder, META, 2) as writer:
        for subject in range(4):
            signal = torch.randn((20, 3, SAMPLES), generator=seeded(subject))
            writer.write(
                shards.ShardRows(
                    dataset="toy",
                    record=f"r{subject}",
                    subject=f"s{subject}",
                    lead="x+y+z",
                    start_N=np.arange(20),
                    valid_N=np.full(20, SAMPLES, np.int32),
                    shape_hash_N=np.zeros(20, np.uint64),
                    label_N=np.array([None] * 20, dtype=object),
                    signal_NCT=signal.numpy(),
                    target_NCT=functional.conv1d(signal, kernel, padding=4).numpy(),
                )
            )
    return sorted(shards.table([folder], ["id"])["id"].to_pylist())


def test_a_filter_is_learnt_from_shards_and_its_predictions_are_saved(tmp_path: Path) -> None:
    task = translate.make(META, loss="correlation_mse", gain=0.05)
    ids = cohort(tmp_path)
    task.learn(shards.arrays([tmp_path], ids, task.facts), balanced=False)
    feed = read_feed([tmp_path], np.array(ids), task, device=torch.device("cpu"), scratch=tmp_path)
    torch.manual_seed(0)
    network = Filter()
    outcome = fit(
        network,
        task,
        train=feed,
        watched={"validation": feed},
        training=Training(epochs=15, batch_size=16, learning_rate=0.3, schedule="one_cycle"),
        seed=0,
        accelerator=Accelerator(),
    )
    last = {
        m: v for e, _, part, m, v in outcome.progress.history if (e, part) == (15, "validation")
    }
    assert last["pearson"] > 0.99
    assert last["prd"] < 15
    assert last["r2"] > 0.97
    batch = draw(task, feed, np.arange(80), seeded())
    with torch.no_grad():
        score = task.scores(network(batch.signal_BCT, batch.feature_BF)).numpy()
    saved = predictions.Predictions(
        kind=task.kind,
        labels=task.labels,
        id_N=np.array(ids),
        subject_N=np.array(ids),
        part_N=np.array(["test"] * 80),
        target=task.targets(batch).numpy(),
        score_NK=score,
    )
    predictions.write(saved, tmp_path / "saved.parquet")
    read = predictions.read(tmp_path / "saved.parquet")
    truth = shards.arrays([tmp_path], ids, ["target"])["target"]
    assert read.labels == ("ECG I", "ECG II")
    assert (read.target.reshape(80, 2, SAMPLES) == truth).all()
    r = [pearsonr(*pair)[0] for pair in zip(read.score_NK[:, :SAMPLES], truth[:, 0], strict=True)]
    assert np.mean(r) > 0.99
