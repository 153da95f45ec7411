"""Timing a network over one segment."""

import time

import pytest
import torch
from torch import Tensor, nn

from cardiograft.records import Shape
from cardiograft.training import latency as latency_module
from cardiograft.training.latency import LEAST, latency


class Slow(nn.Module):
    """Takes so long over a segment."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds, self.seen = seconds, list[tuple[int, ...]]()

    def forward(self, signal_BCT: Tensor, feature_BF: Tensor) -> Tensor:
        assert not self.training
        assert not torch.is_grad_enabled()
        self.seen.append((*signal_BCT.shape, *feature_BF.shape))
        end = time.process_time() + self.seconds
        while time.process_time() < end:
            pass
        return signal_BCT


def test_the_median_lies_between_its_quartiles_and_is_in_milliseconds() -> None:
    network = Slow(0.002)
    measured = latency(network, Shape(3, 50, 2, (1,)), torch.device("cpu"))
    assert len(network.seen) == 70
    assert set(network.seen) == {(1, 3, 50, 1, 2)}
    assert 2 <= measured["latency_low_ms"] <= measured["latency_ms"] <= measured["latency_high_ms"]
    assert measured["latency_low_ms"] < 100


def test_time_that_others_take_does_not_count() -> None:
    class Idle(Slow):
        def forward(self, signal_BCT: Tensor, feature_BF: Tensor) -> Tensor:
            time.sleep(self.seconds)
            return signal_BCT

    measured = latency(Idle(0.005), Shape(1, 5, 0, (1,)), torch.device("cpu"))
    assert measured["latency_high_ms"] < 2


def test_a_slow_network_is_timed_fewer_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latency_module, "LIMIT_S", 0.05)
    network = Slow(0.02)
    latency(network, Shape(1, 5, 0, (1,)), torch.device("cpu"))
    assert len(network.seen) == 2 * LEAST


def test_a_source_is_timed_in_turn() -> None:
    networks = Slow(0.001), Slow(0.003)
    measured = latency(networks[0], Shape(1, 5, 0, (1,)), torch.device("cpu"), source=networks[1])
    assert len(networks[0].seen) == len(networks[1].seen) == 70
    assert (
        1
        <= measured["latency_ms"]
        <= measured["latency_high_ms"]
        < measured["source_latency_low_ms"]
    )
    assert measured["source_latency_ms"] >= 3
