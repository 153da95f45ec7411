"""Several repeats of one training in one process: what a step of all of them costs.

Five classifiers of width 4, batches of 64 segments of 2,048 samples, one thread, each repeat with
data of its own. One after the other; stacked and mapped over (`torch.func.stack_module_state`,
`vmap`); and as one network whose convolutions have a group for each repeat. The three take turns;
each is given as its median processor time for a step of all five, Adam included. The second and
third are first shown to give what the single networks give.
"""

import copy
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn import functional

from cardiograft.models import rhythm_cae
from cardiograft.models.layers.convolution import flatwise
from cardiograft.records import Shape
from cardiograft.training.determinism import deterministic

REPEATS, WIDTH, BATCH, SAMPLES, CLASSES, ROUNDS = 5, 4, 64, 2048, 4, 3
TOLERANCE = 1e-3
Step = Callable[[], None]


def first_channels(signal_BCT: Tensor) -> Tensor:
    """Return an image one pixel high; `vmap` knows no channels last."""
    return signal_BCT.unsqueeze(2)


class Grouped(nn.Module):
    """Several networks as one, a group of channels each: (B, R, T) to (R, B, K)."""

    def __init__(self, networks: list[nn.Module]) -> None:
        super().__init__()
        self.count = len(networks)
        encoders = [network.get_submodule("encoder") for network in networks]
        self.encoder = copy.deepcopy(encoders[0])
        for name, module in list(self.encoder.named_modules()):
            layers = [encoder.get_submodule(name) for encoder in encoders]
            holder, _, last = name.rpartition(".")
            if isinstance(module, nn.Conv2d):
                setattr(self.encoder.get_submodule(holder), last, self._convolution(layers))
            elif isinstance(module, nn.BatchNorm2d):
                setattr(self.encoder.get_submodule(holder), last, self._norm(layers))
        lines = [(e.wide, e.narrow, n.head) for e, n in zip(encoders, networks, strict=True)]
        for place, layers in enumerate(zip(*lines, strict=True)):
            weight = torch.stack([layer.weight.detach().T for layer in layers])
            bias = torch.stack([layer.bias.detach()[None] for layer in layers])
            self.register_parameter(f"weight_{place}", nn.Parameter(weight))
            self.register_parameter(f"bias_{place}", nn.Parameter(bias))
        del self.encoder.wide, self.encoder.narrow

    def _convolution(self, layers: list[nn.Module]) -> nn.Module:
        own, first = nn.Conv2d.__new__(nn.Conv2d), layers[0]
        nn.Conv2d.__init__(
            own,
            first.in_channels * self.count,
            first.out_channels * self.count,
            first.kernel_size,
            padding=first.padding,
            groups=self.count,
            bias=first.bias is not None,
        )
        self._fill(own, layers)
        own.weight.data = own.weight.data.contiguous(memory_format=torch.channels_last)
        return own

    def _norm(self, layers: list[nn.Module]) -> nn.Module:
        own = nn.BatchNorm2d(layers[0].num_features * self.count)
        self._fill(own, layers)
        return own

    def _fill(self, own: nn.Module, layers: list[nn.Module]) -> None:
        with torch.no_grad():
            for name, parameter in own.named_parameters():
                parameter.copy_(torch.cat([t.get_parameter(name) for t in layers]))

    def forward(self, signal_BRT: Tensor) -> Tensor:
        """Return each network's output."""
        encoder = self.encoder
        code = encoder.blocks(encoder.norm(encoder.stem(flatwise(signal_BRT))))
        code_RBN = code.unflatten(1, (self.count, -1)).flatten(2).transpose(0, 1)
        for place in range(3):
            layer = (getattr(self, f"{kind}_{place}") for kind in ("bias", "weight"))
            code_RBN = torch.baddbmm(next(layer), code_RBN, next(layer))
            code_RBN = functional.leaky_relu(code_RBN, 0.01) if place == 0 else code_RBN
        return code_RBN


def loss_of(output_RBK: Tensor, label_RB: Tensor) -> Tensor:
    """Return the sum of each repeat's loss: their gradients do not mix."""
    flat = functional.cross_entropy(output_RBK.flatten(0, 1), label_RB.flatten())
    return flat * len(output_RBK)


def mapped(networks: list[nn.Module]) -> tuple[Callable[[Tensor], Tensor], list[Tensor]]:
    """Return the networks as one function of (R, B, 1, T), and its parameters."""
    weights, buffers = stack_module_state(networks)  # type: ignore[arg-type]
    base = copy.deepcopy(networks[0]).to("meta")

    def one(own: dict[str, Tensor], running: dict[str, Tensor], signal_BCT: Tensor) -> Tensor:
        none = signal_BCT.new_zeros(len(signal_BCT), 0)
        output: Tensor = functional_call(base, (own, running), (signal_BCT, none))
        return output

    every = vmap(one, randomness="different")
    return lambda signal_RBCT: every(weights, buffers, signal_RBCT), list(weights.values())


def step_of(forward: Callable[[], Tensor], parameters: list[Tensor], label_RB: Tensor) -> Step:
    """Return a step of Adam."""
    optimiser = torch.optim.Adam(parameters, 1e-3, fused=True)

    def step() -> None:
        loss_of(forward(), label_RB).backward()
        optimiser.step()
        optimiser.zero_grad()

    return step


def compared(dropout: float) -> str:
    """Return what a step of all repeats costs, in each of the three ways."""
    shape = Shape(1, SAMPLES, 0, (CLASSES,))
    networks = []
    for repeat in range(REPEATS):
        torch.manual_seed(repeat)
        networks.append(rhythm_cae.build(shape, width=WIDTH, dropout=dropout))
    signal, none = torch.randn(REPEATS, BATCH, 1, SAMPLES), torch.zeros(BATCH, 0)
    label = torch.randint(0, CLASSES, (REPEATS, BATCH))
    side = signal.squeeze(2).transpose(0, 1).contiguous()
    grouped = Grouped(networks)
    stacked, weights = mapped([copy.deepcopy(network) for network in networks])

    def mapped_forward() -> Tensor:
        rhythm_cae.flatwise, own = first_channels, rhythm_cae.flatwise
        try:
            return stacked(signal)
        finally:
            rhythm_cae.flatwise = own

    if dropout == 0:
        pairs = zip(networks, signal, strict=True)
        alone = torch.stack([network(own, none) for network, own in pairs])
        for other in (mapped_forward(), grouped(side)):
            torch.testing.assert_close(other, alone, atol=TOLERANCE, rtol=TOLERANCE)
    each = [
        step_of(lambda n=n, s=s: n(s, none)[None], list(n.parameters()), y[None])
        for n, s, y in zip(networks, signal, label, strict=True)
    ]

    def in_turn() -> None:
        for step in each:
            step()

    steps: dict[str, Step] = {
        "one after the other": in_turn,
        "vmap": step_of(mapped_forward, weights, label),
        "grouped": step_of(lambda: grouped(side), list(grouped.parameters()), label),
    }
    taken: dict[str, list[float]] = {name: [] for name in steps}
    for round_ in range(ROUNDS + 1):
        for name, step in steps.items():
            start = time.process_time()
            step()
            if round_:  # the first one allocates
                taken[name].append(time.process_time() - start)
    median = {name: statistics.median(values) for name, values in taken.items()}
    first = median["one after the other"]
    shown = ", ".join(f"{n} {s:.2f} s ({first / s:.2f} x)" for n, s in median.items())
    return f"{REPEATS} repeats, width {WIDTH}, dropout {dropout:g}: {shown}"


if __name__ == "__main__":
    deterministic(torch.device("cpu"))
    for share in (0.0, 0.3):
        print(compared(share), flush=True)
