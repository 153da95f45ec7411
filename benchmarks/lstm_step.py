"""What a training step of the LSTM costs, and which way of running it costs least.

Batches of 64 beats of 187 samples, one thread. The variants take turns, step by step, so that
a busy neighbour slows all of them alike; each is given as its median and as a ratio to the
first. All but bf16 give the numbers of the first to 1e-4; that is checked before they are
timed, and how far bf16 is off is printed.
"""

import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from cardiograft import plugins
from cardiograft.models import lstm
from cardiograft.records import Shape
from cardiograft.training.determinism import deterministic

BATCH, SAMPLES, STEPS = 64, 187, 20
BEAT = Shape(1, SAMPLES, 0, (5,))
Forward = Callable[[nn.Module, Tensor, Tensor], Tensor]


def plain(network: nn.Module, signal: Tensor, feature: Tensor) -> Tensor:
    output: Tensor = network(signal, feature)
    return output


def bf16(network: nn.Module, signal: Tensor, feature: Tensor) -> Tensor:
    with torch.autocast("cpu", torch.bfloat16):
        return plain(network, signal, feature).float()


def native(network: nn.Module, signal: Tensor, feature: Tensor) -> Tensor:
    torch._C._set_mkldnn_enabled(False)
    try:
        return plain(network, signal, feature)
    finally:
        torch._C._set_mkldnn_enabled(True)


def two_biases(network: nn.Module, signal: Tensor, feature: Tensor) -> Tensor:
    """Run PyTorch's own layer, batch first, its second bias zero."""
    layer = network.encoder.recurrent
    weights = [layer.input_GC, layer.recurrent_GH, layer.bias_G, torch.zeros_like(layer.bias_G)]
    zero = signal.new_zeros(1, BATCH, 64)
    rows = signal.transpose(1, 2).contiguous()
    last = torch.lstm(rows, (zero, zero), weights, True, 1, 0.0, True, False, True)[0][:, -1]
    output: Tensor = network.head(network.encoder.dense(last, feature))
    return output


def by_hand(network: nn.Module, signal: Tensor, feature: Tensor) -> Tensor:
    """Loop over time in Python, the inputs of all steps projected in one product."""
    layer = network.encoder.recurrent
    sums = functional.linear(signal.permute(2, 0, 1), layer.input_GC, layer.bias_G).unbind()
    hidden = cell = signal.new_zeros(BATCH, 64)
    back = layer.recurrent_GH.t()
    for one in sums:
        gate = torch.addmm(one, hidden, back)
        opened, kept, new, out = gate.chunk(4, 1)
        cell = kept.sigmoid() * cell + opened.sigmoid() * new.tanh()
        hidden = out.sigmoid() * cell.tanh()
    output: Tensor = network.head(network.encoder.dense(hidden, feature))
    return output


def step_of(name: str, forward: Forward, *, frozen: bool = False) -> Callable[[], None]:
    """Return one step of Adam."""
    torch.manual_seed(0)
    network = plugins.load("models", name).build(BEAT)
    if frozen:
        network.encoder.requires_grad_(False)
    trained = [p for p in network.parameters() if p.requires_grad]
    optimiser = torch.optim.Adam(trained, 1e-3, fused=True)
    signal, label = torch.rand(BATCH, 1, SAMPLES), torch.randint(0, 5, (BATCH,))
    none = torch.zeros(BATCH, 0)

    def step() -> None:
        functional.cross_entropy(forward(network, signal, none), label).backward()
        optimiser.step()
        optimiser.zero_grad()

    return step


def gap(forward: Forward) -> float:
    """Return how far outputs and gradients are from the model's own, relative to the largest."""
    torch.manual_seed(0)
    network, signal, none = lstm.build(BEAT), torch.rand(BATCH, 1, SAMPLES), torch.zeros(BATCH, 0)
    results = []
    for one in (plain, forward):
        network.zero_grad()
        output = one(network, signal, none)
        output.square().sum().backward()
        grads = [p.grad.flatten().clone() for p in network.parameters() if p.grad is not None]
        results.append([output.detach(), *grads])
    return max(float((a - b).abs().max() / a.abs().max()) for a, b in zip(*results, strict=True))


def timed(variants: dict[str, Callable[[], None]]) -> dict[str, list[float]]:
    """Return each variant's times, ms; they take turns."""
    times: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(STEPS + 3):
        for name, step in variants.items():
            began = time.perf_counter()
            step()
            times[name].append(1e3 * (time.perf_counter() - began))
    return {name: every[3:] for name, every in times.items()}


def main() -> None:
    """Print medians and paired ratios."""
    deterministic(torch.device("cpu"))
    same = {
        "the model (oneDNN)": plain,
        "batch first": two_biases,
        "oneDNN off": native,
        "loop in Python": by_hand,
    }
    for name, forward in same.items():
        if gap(forward) > 1e-4:
            raise ValueError(f"{name}: off by {gap(forward):.1e}")
    steps = {name: step_of("lstm", forward) for name, forward in same.items()}
    steps["bf16"] = step_of("lstm", bf16)
    steps["frozen encoder"] = step_of("lstm", plain, frozen=True)
    steps["mlp"] = step_of("mlp", plain)
    steps["mean_ensemble of mlp, cnn, lstm"] = step_of("mean_ensemble", plain)
    steps["the same in bf16"] = step_of("mean_ensemble", bf16)
    times = timed(steps)
    first = next(iter(times.values()))
    print(f"{'variant':40} {'ms':>6} {'of the first':>12}")
    for name, every in times.items():
        ratio = statistics.median(a / b for a, b in zip(every, first, strict=True))
        print(f"{name:40} {statistics.median(every):6.2f} {ratio:12.2f}")
    print(f"bf16 is off by {gap(bf16):.1%} of the largest output or gradient")


if __name__ == "__main__":
    main()
