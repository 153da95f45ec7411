"""Optimisers that don't load torch's compiler step as torch's own do."""

import subprocess
import sys

import pytest
import torch

from cardiograft.specs.training import Training
from cardiograft.training.optimiser import make_optimiser
from cardiograft.training.task import Start

OWN = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}


def network() -> torch.nn.Module:
    torch.manual_seed(0)
    return torch.nn.Linear(3, 2)


def trained(model: torch.nn.Module, optimiser: torch.optim.Optimizer) -> torch.Tensor:
    for step in range(5):
        optimiser.zero_grad()
        model(torch.full((4, 3), 0.1 * step)).square().sum().backward()
        optimiser.step()
    assert all(p.requires_grad for p in model.parameters())
    return torch.cat([p.detach().flatten() for p in model.parameters()])


@pytest.mark.parametrize("name", OWN)
def test_steps_are_torchs(name: str) -> None:
    training = Training(epochs=1, optimiser=name, learning_rate=0.01, weight_decay=0.1)
    model, other = network(), network()
    own = {"momentum": training.momentum} if name == "sgd" else {"fused": True}
    theirs = OWN[name](other.parameters(), 0.01, weight_decay=0.1, **own)
    ours = trained(model, make_optimiser(model, training, Start()))
    assert not torch.equal(ours, torch.cat([p.flatten() for p in network().parameters()]))
    assert torch.equal(ours, trained(other, theirs))


def test_the_compiler_is_not_loaded() -> None:
    code = (
        "import sys, torch; from cardiograft.training.optimiser import make_optimiser;"
        "from cardiograft.training.determinism import deterministic;"
        "from cardiograft.training.task import Start;"
        "from cardiograft.specs.training import Training;"
        "deterministic(torch.device('cpu')); model = torch.nn.Linear(3, 2);"
        "one = make_optimiser(model, Training(epochs=1), Start());"
        "one.zero_grad(); model(torch.ones(1, 3)).sum().backward(); one.step();"
        "one.load_state_dict(one.state_dict()); print('torch._dynamo' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
