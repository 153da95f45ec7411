"""What every adaptation loss must do, and every model that it works on."""

import pytest
import torch
from contracts.test_models_contract import NAMES as MODELS
from contracts.test_models_contract import built, inputs
from torch import Tensor, nn

from cardiograft import plugins
from cardiograft.checkpoints.file import weights_digest
from cardiograft.training.codes import Coded, code_width

NAMES = plugins.names("adaptations")
WIDTH = 6


def loss_of(name: str, seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    loss: nn.Module = plugins.load("adaptations", name).make(WIDTH)
    return loss


def codes(one: int = 8, other: int = 8, shift: float = 1.0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return (
        torch.randn((one, WIDTH), generator=generator).requires_grad_(),
        (1.5 * torch.randn((other, WIDTH), generator=generator) + shift).requires_grad_(),
    )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("sizes", [(8, 8), (2, 9), (9, 2)])
def test_it_is_a_number_whatever_the_sizes_of_the_batches(
    name: str, sizes: tuple[int, int]
) -> None:
    value = loss_of(name)(*codes(*sizes), through=0.5)
    assert value.shape == ()
    assert value.dtype == torch.float32
    assert torch.isfinite(value)


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"none"}))
def test_a_finite_gradient_reaches_both_domains_and_all_that_it_trains(name: str) -> None:
    loss, (code_BW, domain_DW) = loss_of(name), codes()
    loss(code_BW, domain_DW, through=0.5).backward()
    for tensor in (code_BW, domain_DW, *loss.parameters()):
        assert tensor.grad is not None
        assert torch.isfinite(tensor.grad).all()
        assert tensor.grad.any()


@pytest.mark.parametrize("name", NAMES)
def test_codes_that_are_all_one_give_no_gradient_that_is_no_number(name: str) -> None:
    code_BW, domain_DW = (torch.full((4, WIDTH), 2.0).requires_grad_() for _ in range(2))
    value = loss_of(name)(code_BW, domain_DW, through=0.5)
    assert torch.isfinite(value)
    if value.requires_grad:
        value.backward()
        assert torch.isfinite(code_BW.grad).all()


@pytest.mark.parametrize("name", NAMES)
def test_order_within_a_batch_changes_nothing(name: str) -> None:
    loss, (code_BW, domain_DW) = loss_of(name), codes()
    turned = loss(code_BW.flip(0), domain_DW.roll(3, 0), through=0.5)
    torch.testing.assert_close(turned, loss(code_BW, domain_DW, through=0.5))


@pytest.mark.parametrize("name", NAMES)
def test_its_weights_follow_from_the_seed(name: str) -> None:
    one, same, other = (weights_digest(loss_of(name, s).state_dict()) for s in (3, 3, 4))
    assert one == same
    assert (one != other) is bool(list(loss_of(name).parameters()))


@pytest.mark.parametrize("name", MODELS)
def test_a_models_code_is_one_vector_a_segment_and_its_output_stays(name: str) -> None:
    model, shape = built(name)
    width = code_width(model, shape)
    assert model.training
    model.eval()
    with torch.no_grad():
        output, code_BW = Coded(model)(*inputs(shape))
        assert torch.equal(output, model(*inputs(shape)))
    assert code_BW.shape == (4, width)
