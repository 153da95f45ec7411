"""What a training step of the autoencoder of rhythms costs, by width, and in other layouts.

Batches of 64 segments of 2,048 samples, one thread; steps of Adam as they are trained. The variants
take turns, step by step, and each is given as its median processor time and as a ratio to the
network as it is: with 1-D convolutions, pooled by a maximum of two slices, without dropout.
`python benchmarks/rhythm_cae_steps.py 4 8 16`: at these widths.
"""

import copy
import statistics
import sys
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from cardiograft.models import rhythm_cae
from cardiograft.records import Shape
from cardiograft.training.determinism import deterministic

BATCH, SAMPLES, ROUNDS, CLASSES = 64, 2048, 5, 4
OUTPUTS = {"classify": (CLASSES,), "reconstruct": (1, SAMPLES)}
Step = Callable[[], None]


class RowConvolution(nn.Module):
    """A 1 x k convolution of an image one pixel high, run as a convolution in one dimension."""

    def __init__(self, layer: nn.Conv2d) -> None:
        super().__init__()
        self.layer = nn.Conv1d(
            layer.in_channels,
            layer.out_channels,
            layer.kernel_size[1],
            padding=layer.kernel_size[1] // 2,
            bias=layer.bias is not None,
        )
        self.layer.weight.data = layer.weight.data.squeeze(2).contiguous()

    def forward(self, code_BC1S: Tensor) -> Tensor:
        """Return (B, width, 1, S)."""
        row: Tensor = self.layer(code_BC1S.squeeze(2)).unsqueeze(2)
        return row


def one_dimensional(network: nn.Module) -> nn.Module:
    """Return a copy whose convolutions have one dimension."""
    network = copy.deepcopy(network)
    for module in list(network.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Conv2d):
                setattr(module, name, RowConvolution(child))
    return network


def step_of(network: nn.Module, kind: str) -> Step:
    """Return a step of Adam on one batch."""
    optimiser = torch.optim.Adam(network.parameters(), 1e-3, fused=True)
    signal, none = torch.randn(BATCH, 1, SAMPLES), torch.zeros(BATCH, 0)
    label = torch.randint(0, CLASSES, (BATCH,))

    def step() -> None:
        output = network(signal, none)
        if kind == "classify":
            loss = functional.cross_entropy(output, label)
        else:
            loss = (output - signal).square().mean()
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()

    return step


def patched(step: Step, **functions: Callable[..., Tensor]) -> Step:
    """Return the step with other functions in the model's module."""

    def other() -> None:
        own = {name: getattr(rhythm_cae, name) for name in functions}
        for name, function in functions.items():
            setattr(rhythm_cae, name, function)
        step()
        for name, function in own.items():
            setattr(rhythm_cae, name, function)

    return other


def not_last(signal_BCT: Tensor) -> Tensor:
    """Return an image one pixel high, channels first."""
    return signal_BCT.unsqueeze(2).contiguous()


def larger(code_BC1S: Tensor) -> Tensor:
    """Return the larger one of each pair of steps, without `max_pool2d`."""
    batch, channels, _, steps = code_BC1S.shape
    pair_BS2C = code_BC1S.permute(0, 3, 1, 2).reshape(batch, steps // 2, 2, channels)
    return torch.maximum(pair_BS2C[:, :, 0], pair_BS2C[:, :, 1]).transpose(1, 2).unsqueeze(2)


def main(widths: list[int]) -> None:
    """Print the table."""
    deterministic(torch.device("cpu"))
    for width in widths:
        for kind, outputs in OUTPUTS.items():
            shape = Shape(1, SAMPLES, 0, outputs)
            network = rhythm_cae.build(shape, width=width)
            dry = rhythm_cae.build(shape, width=width, dropout=0.0)
            steps = {
                "as it is": step_of(network, kind),
                "1-D": patched(step_of(one_dimensional(network), kind), flatwise=not_last),
                "maximum of slices": patched(step_of(network, kind), halved=larger),
                "no dropout": step_of(dry, kind),
            }
            taken: dict[str, list[float]] = {name: [] for name in steps}
            for round_ in range(ROUNDS + 1):
                for name, step in steps.items():
                    start = time.process_time()
                    step()
                    if round_:  # the first one allocates
                        taken[name].append(1000 * (time.process_time() - start))
            median = {name: statistics.median(values) for name, values in taken.items()}
            shown = ", ".join(
                f"{name} {ms:.0f} ms ({ms / median['as it is']:.2f})" for name, ms in median.items()
            )
            size = sum(p.numel() for p in network.parameters())
            print(f"width {width}, {kind}, {size:,} parameters: {shown}", flush=True)


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [4, 8])
