"""Networks from signal to signal: their layers, lengths, sizes, and what fits into what."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from overlays import overlaid
from torch import Tensor, nn
from torch.nn import functional

from cardiograft import plugins
from cardiograft.checkpoints.file import Checkpoint, weights_digest
from cardiograft.config.schema import Config
from cardiograft.models import unet
from cardiograft.models.layers.convolution import convolution, flatwise
from cardiograft.models.layers.decoder import doubled
from cardiograft.records import Shape
from cardiograft.specs.transfer import Source
from cardiograft.training.transfer import Graft, Ledger, graft

WINDOW = Shape(1, 1250, 0, (1, 1250))
NAMES = ("cae", "cnn1d", "ecgnet", "tcn", "unet")
SMALL: dict[str, dict[str, Any]] = {
    "cae": {"widths": (8, 16, 24), "kernel": 5, "code": 6},
    "cnn1d": {"widths": (8, 12, 8), "kernel": 5},
    "ecgnet": {"widths": (8, 16, 24), "kernel": 5},
    "tcn": {"widths": (8, 12, 12), "kernel": 5},
    "unet": {"widths": (8, 16, 24), "kernel": 3, "patch": 3, "units": 6},
}
NO_DROPOUT = {"tcn": {"dropout": 0.0}, "unet": {"dropout": 0.0}}

# The paper's counts, and options that give as many. The first four widths are one for all, so
# that the maps below hold at this size too.
PAPER_COUNTS = {
    "cnn1d": 13_927_041,
    "ecgnet": 16_805_761,
    "tcn": 16_002_049,
    "cae": 19_403_520,
}
PAPER: dict[str, dict[str, Any]] = {
    "cnn1d": {"widths": (128, 256, 320, 576, 576, 320, 256, 128)},
    "ecgnet": {"widths": (128, 256, 320, 576)},
    "tcn": {"widths": (128, 256, 320, 576, 264)},
    "cae": {"widths": (128, 256, 320, 576, 600), "code": 16},
}

# From each source into the autoencoder, and the least share of all its parameters that they
# fill: at the default size, at the paper's.
MAPS = {
    "cnn1d": {
        "encoder.layers.0": "encoder.stem.convolution",
        "encoder.layers.1": "encoder.stages.0.convolution",
        "encoder.layers.2": "encoder.stages.1.convolution",
        "encoder.layers.3": "encoder.stages.2.convolution",
        "encoder.layers.5": "head.decoder.stages.2.convolution",
        "encoder.layers.6": "head.decoder.stages.1.convolution",
        "encoder.layers.7": "head.decoder.stages.0.convolution",
        "head": "head.decoder.last",
    },
    "ecgnet": {
        "encoder.stem": "encoder.stem",
        "encoder.stages.0.first": "encoder.stages.0",
        "encoder.stages.1.first": "encoder.stages.1",
        "encoder.stages.2.first": "encoder.stages.2",
        "head.stages.0": "head.decoder.stages.0",
        "head.stages.1": "head.decoder.stages.1",
        "head.stages.2": "head.decoder.stages.2",
        "head.last": "head.decoder.last",
    },
    "tcn": {
        "encoder.blocks.0.first": "encoder.stem.convolution",
        "encoder.blocks.1.first": "encoder.stages.0.convolution",
        "encoder.blocks.2.first": "encoder.stages.1.convolution",
        "encoder.blocks.3.first": "encoder.stages.2.convolution",
    },
    "cae": {"encoder": "encoder", "head": "head"},
}
FILLED = {"cnn1d": (0.98, 0.45), "ecgnet": (0.99, 0.45), "tcn": (0.49, 0.22), "cae": (1.0, 1.0)}
# What else the models' docstrings say fits.
INTO_ECGNET = {
    "cnn1d": {
        "encoder.layers.0": "encoder.stem.convolution",
        "encoder.layers.3": "encoder.stages.2.first.convolution",
        "encoder.layers.5": "head.stages.2.convolution",
        "encoder.layers.7": "head.stages.0.convolution",
    },
    "tcn": {
        "encoder.blocks.0.first": "encoder.stem.convolution",
        "encoder.blocks.3.first": "encoder.stages.2.first.convolution",
    },
    "cae": {
        "encoder.stem": "encoder.stem",
        "encoder.stages.2": "encoder.stages.2.first",
        "head.decoder": "head",
    },
}
INTO_UNET = {
    "ecgnet": {
        "encoder.stem": "encoder.stem",
        "encoder.stages.0.first": "encoder.stages.0.first",
        "encoder.stages.2.second": "encoder.stages.2.second",
    },
    "cae": {"encoder.stem": "encoder.stem", "encoder.stages.2": "encoder.stages.2.first"},
}


def built(name: str, shape: Shape = WINDOW, *, seed: int = 0, **options: Any) -> nn.Module:
    torch.manual_seed(seed)
    network: nn.Module = plugins.load("models", name).build(shape, **options)
    return network


def still(name: str, shape: Shape, *, seed: int = 0) -> nn.Module:
    """Return the small network without dropout."""
    return built(name, shape, seed=seed, **{**SMALL[name], **NO_DROPOUT.get(name, {})})


def square(samples: int, *, channels: int = 2, outputs: int = 1) -> Shape:
    return Shape(channels, samples, 0, (outputs, samples))


def signals(shape: Shape, rows: int = 3, *, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn((rows, shape.channels, shape.samples), generator=generator)


def none(rows: int = 3) -> Tensor:
    return torch.zeros(rows, 0)


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def on_paper(name: str, **options: Any) -> nn.Module:
    """Return a network without numbers in it: its shapes cost nothing."""
    with torch.device("meta"):
        return built(name, **options)


@pytest.mark.parametrize("name", PAPER)
def test_the_papers_size_is_met(name: str) -> None:
    assert count(on_paper(name, **PAPER[name])) == pytest.approx(PAPER_COUNTS[name], rel=0.01)


def test_small_sizes_are_those_counted_by_hand() -> None:
    counts = {name: count(built(name)) for name in NAMES}
    rise = 15 * (16 * 32 + 32 * 48 + 48 * 64)
    up, down = rise + 32 + 48 + 64, rise + 48 + 32 + 16
    ends = 15 * 16 + 16 + 15 * 16 + 1
    norms = 2 * (16 + 32 + 48 + 64 + 48 + 32 + 16)
    assert counts["cnn1d"] == ends + up + down + 15 * 64 * 64 + 64
    assert counts["cae"] == ends + up + down + norms + (64 * 8 + 8) + (8 * 64 + 64)
    squares = 15 * (32**2 + 48**2 + 64**2) + 3 * (32 + 48 + 64)
    shortcuts = rise // 15 + 32 + 48 + 64
    assert counts["ecgnet"] == ends + up + down + norms + squares + shortcuts
    seconds = 15 * (16**2 + 32**2 + 48**2 + 64**2) + 16 + 32 + 48 + 64
    first = 15 * 16 + 16 + (16 + 16)
    assert counts["tcn"] == first + up + seconds + shortcuts + (64 + 1)
    assert all(100_000 < size < 300_000 for size in counts.values())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("samples", [1250, 256, 187, 9, 1])
def test_any_length_comes_back(name: str, samples: int) -> None:
    shape = square(samples, outputs=2)
    network = still(name, shape).eval()
    given = network(signals(shape), none())
    assert given.shape == (3, 2, samples)
    assert torch.isfinite(given).all()


@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_signal_of_that_length_is_refused(name: str) -> None:
    build = plugins.load("models", name).build
    with pytest.raises(ValueError, match=r"a signal \(channels, samples\) is given, not .*\(5,\)"):
        build(Shape(1, 187, 0, (5,)))
    with pytest.raises(ValueError, match="outputs of 250 samples are requested of inputs of 256"):
        build(Shape(1, 256, 0, (1, 250)))
    with pytest.raises(ValueError, match="signals alone are taken, not 3 features"):
        build(Shape(1, 256, 3, (1, 256)))
    with pytest.raises(ValueError, match="kernel 4 is even"):
        build(square(256), kernel=4)
    with pytest.raises(ValueError, match="at least one is needed"):
        build(square(256), widths=())


@pytest.mark.parametrize("name", ["cnn1d", "tcn"])
def test_widths_without_norms_are_any_but_none(name: str) -> None:
    assert built(name, widths=(20, 3)) is not None
    with pytest.raises(ValueError, match="widths: 0 is no positive multiple of 1"):
        built(name, widths=(0,))


@pytest.mark.parametrize("name", ["cae", "ecgnet", "unet"])
def test_widths_that_do_not_make_groups_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="widths: 20 is no positive multiple of 8"):
        built(name, widths=(16, 20))


@pytest.mark.parametrize(("name", "unit"), [("cae", 4), ("ecgnet", 4), ("unet", 12)])
def test_a_length_between_steps_is_that_between_zeros(name: str, unit: int) -> None:
    short = square(185)
    whole = square(-(-185 // unit) * unit)
    lack = whole.samples - 185
    one, other = still(name, short).eval(), still(name, whole).eval()
    signal = signals(short)
    wide = functional.pad(signal, (lack // 2, lack - lack // 2))
    middle = other(wide, none())[..., lack // 2 :][..., :185]
    torch.testing.assert_close(one(signal, none()), middle)


@pytest.mark.parametrize("name", NAMES)
def test_a_segment_that_is_trained_on_does_not_depend_on_its_neighbours(name: str) -> None:
    shape = square(187)
    network, signal = still(name, shape).train(), signals(shape)
    whole, alone = network(signal, none()), network(signal[1:2], none(1))
    torch.testing.assert_close(whole[1:2], alone, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_training_gives_the_same_bytes_twice_and_learns_a_delay(name: str) -> None:
    shape = square(60, channels=1)

    def trained() -> tuple[float, float, str]:
        network = still(name, shape)
        signal = functional.avg_pool1d(signals(shape, 16, seed=1), 5, 1, 2)
        wanted = -signal.roll(1, 2)
        optimiser = torch.optim.Adam(network.parameters(), 0.01)
        losses = []
        for _ in range(25):
            loss = functional.mse_loss(network(signal, none(16)), wanted)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(float(loss.detach()) / float(wanted.square().mean()))
        return losses[0], losses[-1], weights_digest(network.state_dict())

    first, last, digest = trained()
    assert last < 0.6 < first
    assert trained()[2] == digest


def test_a_deep_start_without_normalisation_still_tells_segments_apart() -> None:
    for name in ("cnn1d", "tcn"):
        with torch.no_grad():
            spread = built(name)(signals(WINDOW, 8), none(8)).std(0).mean()
        assert 0.1 < float(spread) < 10  # PyTorch's own start: 0.0002 and 0.02


@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (1, 4)])
def test_a_convolution_is_torchs_in_one_dimension(stride: int, dilation: int) -> None:
    torch.manual_seed(0)
    layer = convolution(3, 5, kernel=7, stride=stride, dilation=dilation)
    signal = torch.randn(2, 3, 40)
    theirs = functional.conv1d(
        signal, layer.weight[:, :, 0], layer.bias, stride, 3 * dilation, dilation
    )
    torch.testing.assert_close(layer(flatwise(signal)).squeeze(2), theirs)


@pytest.mark.parametrize("steps", [1, 2, 7])
def test_doubling_is_linear_interpolation(steps: int) -> None:
    torch.manual_seed(0)
    code = torch.randn(2, 3, steps, requires_grad=True)
    ours = doubled(flatwise(code)).squeeze(2)
    theirs = functional.interpolate(code, scale_factor=2, mode="linear", align_corners=False)
    torch.testing.assert_close(ours, theirs)
    weight = torch.randn_like(theirs)
    ((mine,), (other,)) = (torch.autograd.grad((x * weight).sum(), code) for x in (ours, theirs))
    torch.testing.assert_close(mine, other)


def test_samples_fold_into_channels_and_back() -> None:
    signal = torch.arange(12.0).reshape(1, 2, 6)
    assert unet.folded(signal, 3).tolist() == [[[0, 3], [1, 4], [2, 5], [6, 9], [7, 10], [8, 11]]]
    assert torch.equal(unet.unfolded(unet.folded(signal, 3), 3), signal)


def reach(network: nn.Module, shape: Shape, at: int) -> tuple[int, int]:
    """Return how many samples before and after its place an output depends on."""
    signal = signals(shape, 1).requires_grad_()
    network.eval()(signal, none(1))[0, 0, at].backward()
    assert signal.grad is not None
    reached = signal.grad[0].abs().amax(0).nonzero().flatten()
    return at - int(reached.min()), int(reached.max()) - at


def test_outputs_depend_on_what_the_docstrings_say() -> None:
    shape = square(101)
    assert reach(still("cnn1d", shape), shape, 50) == (8, 8)  # four kernels of 5
    assert reach(still("tcn", shape), shape, 50) == (28, 28)  # (5 - 1) (2 ** 3 - 1)
    causal = built("tcn", shape, **SMALL["tcn"], causal=True)
    assert reach(causal, shape, 70) == (56, 0)


def conv(state: dict[str, Tensor], name: str, code: Tensor, **how: Any) -> Tensor:
    weight = state[f"{name}.weight"].squeeze(2)
    how.setdefault("padding", how.get("dilation", 1) * (weight.shape[2] // 2))
    return functional.conv1d(code, weight, state[f"{name}.bias"], **how)


def step(
    state: dict[str, Tensor], name: str, code: Tensor, active: Callable[..., Tensor], **how: Any
) -> Tensor:
    code = conv(state, f"{name}.convolution", code, **how)
    return active(
        functional.group_norm(code, 8, state[f"{name}.norm.weight"], state[f"{name}.norm.bias"])
    )


def shaken(network: nn.Module) -> tuple[nn.Module, dict[str, Tensor]]:
    """Move norms and biases off their start, so that they count."""
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return network.eval(), {k: v.detach() for k, v in network.state_dict().items()}


def linear_up(code: Tensor) -> Tensor:
    return functional.interpolate(code, scale_factor=2, mode="linear", align_corners=False)


@pytest.mark.parametrize("causal", [False, True])
def test_the_temporal_network_is_that_of_bai_and_others(causal: bool) -> None:
    shape = square(50)
    network, state = shaken(built("tcn", shape, **SMALL["tcn"], causal=causal))
    code = signal = signals(shape)
    for block, dilation in enumerate((1, 2, 4)):
        name, pad = f"encoder.blocks.{block}", dilation * 4
        residual = code
        for layer in ("first", "second"):
            sides = (pad, 0) if causal else (pad // 2, pad // 2)
            residual = functional.pad(residual, sides)
            residual = conv(state, f"{name}.{layer}", residual, dilation=dilation, padding=0).relu()
        kept = conv(state, f"{name}.shortcut", code) if block < 2 else code
        code = (residual + kept).relu()
    wanted = conv(state, "head.convolution", code)
    torch.testing.assert_close(network(signal, none()), wanted)


def test_the_plain_stack_is_convolutions_and_relu() -> None:
    shape = square(50)
    network, state = shaken(still("cnn1d", shape))
    code = signal = signals(shape)
    for layer in range(3):
        code = conv(state, f"encoder.layers.{layer}", code).relu()
    torch.testing.assert_close(network(signal, none()), conv(state, "head.convolution", code))


def decoded(state: dict[str, Tensor], name: str, code: Tensor) -> Tensor:
    for stage in (1, 0):
        code = step(state, f"{name}.stages.{stage}", linear_up(code), torch.relu)
    return conv(state, f"{name}.last.convolution", code)


def test_the_residual_network_adds_each_block_to_its_shortcut() -> None:
    shape = square(48)
    network, state = shaken(still("ecgnet", shape))
    signal = signals(shape)
    code = step(state, "encoder.stem", signal, torch.relu)
    for stage in range(2):
        name = f"encoder.stages.{stage}"
        residual = step(state, f"{name}.first", code, torch.relu, stride=2)
        residual = step(state, f"{name}.second", residual, lambda x: x)
        code = (residual + conv(state, f"{name}.shortcut", code, stride=2)).relu()
    torch.testing.assert_close(network(signal, none()), decoded(state, "head", code))


def test_the_autoencoder_goes_through_its_code() -> None:
    shape = square(48)
    network, state = shaken(still("cae", shape))
    signal = signals(shape)
    code = step(state, "encoder.stem", signal, torch.relu)
    for stage in range(2):
        code = step(state, f"encoder.stages.{stage}", code, torch.relu, stride=2)
    code = conv(state, "encoder.narrow", code)
    assert code.shape == (3, 6, 12)
    torch.testing.assert_close(network.encoder(signal, none()).squeeze(2), code)
    wanted = decoded(state, "head.decoder", conv(state, "head.widen", code))
    torch.testing.assert_close(network(signal, none()), wanted)


def bottleneck(state: dict[str, Tensor], code: Tensor) -> Tensor:
    part = {k.removeprefix("encoder.bottleneck."): v for k, v in state.items()}
    gru = nn.GRU(24, 6, bidirectional=True, batch_first=True)
    gru.load_state_dict({k.split(".")[1]: v for k, v in part.items() if k.startswith("recurr")})
    mixed = gru(code.transpose(1, 2))[0] @ part["mix.weight"].T + part["mix.bias"]
    code = code + mixed.transpose(1, 2)
    spread = (code - code.mean(2, keepdim=True)).square().mean(2).sqrt()
    hidden = torch.cat([code.mean(2), spread], 1) @ part["film.0.weight"].T + part["film.0.bias"]
    both = functional.gelu(hidden) @ part["film.3.weight"].T + part["film.3.bias"]
    return code * (1 + both[:, :24, None]) + both[:, 24:, None]


def test_the_u_net_is_its_drawing() -> None:
    shape = square(48, outputs=2)
    network, state = shaken(still("unet", shape))
    signal = signals(shape)
    code = signal.reshape(3, 2, 16, 3).transpose(2, 3).reshape(3, 6, 16)
    code = step(state, "encoder.stem", code, functional.gelu)
    skips = []
    for stage in range(2):
        skips.append(code)
        name = f"encoder.stages.{stage}"
        code = step(state, f"{name}.first", functional.max_pool1d(code, 2), functional.gelu)
        code = code + step(state, f"{name}.second", code, functional.gelu)
    code = bottleneck(state, code)
    for stage in (1, 0):
        code = torch.cat([linear_up(code), skips[stage]], 1)
        code = step(state, f"head.stages.{stage}", code, functional.gelu)
    wanted = conv(state, "head.last", code).reshape(3, 2, 3, 16).transpose(2, 3).reshape(3, 2, 48)
    torch.testing.assert_close(network(signal, none()), wanted)


@pytest.mark.parametrize("name", ["tcn", "unet"])
def test_dropout_drops_whole_channels_in_training_alone(name: str) -> None:
    shape = square(60)
    network, signal = built(name, shape, **SMALL[name], dropout=0.5), signals(shape)
    assert not torch.equal(network(signal, none()), network(signal, none()))
    network.eval()
    assert torch.equal(network(signal, none()), network(signal, none()))
    drops = [m for m in network.modules() if isinstance(m, nn.Dropout2d) and m.p]
    kept = drops[0].train()(torch.ones(4, 16, 1, 30)).squeeze(2)
    assert torch.equal(kept.amin(2), kept.amax(2))
    assert set(kept.unique().tolist()) == {0.0, 2.0}


def grafted(source: nn.Module, target: nn.Module, map_: dict[str, str], *masked: str) -> Ledger:
    tensors = source.state_dict()
    masks = {name: tensors[name] > 0 for name in masked}
    return graft(target, [Graft("s", Checkpoint(tensors=tensors, masks=masks), map_)], least=1.0)


@pytest.mark.parametrize("name", MAPS)
def test_each_source_fills_its_share_of_the_autoencoder(name: str) -> None:
    source, target = built(name, seed=1), built("cae")
    ledger = grafted(source, target, MAPS[name])
    assert ledger.content()["share_of_all"] >= FILLED[name][0]
    theirs, ours = source.state_dict(), target.state_dict()
    for line in ledger.lines:
        if line.state == "loaded":
            assert torch.equal(ours[line.tensor], theirs[line.source])
    assert torch.isfinite(target.eval()(signals(WINDOW, 1), none(1))).all()


@pytest.mark.parametrize("name", MAPS)
def test_the_same_maps_hold_at_the_papers_size(name: str) -> None:
    source, target = on_paper(name, **PAPER[name]), on_paper("cae", **PAPER["cae"])
    share = grafted(source, target, MAPS[name]).content()["share_of_all"]
    assert share >= FILLED[name][1]


def test_the_papers_config_asks_for_the_papers_sizes() -> None:
    config = overlaid("paper")
    runs = [r for name, r in config.transfer.items() if name.startswith("scg-cae-")]
    networks = [(r.model, "cae") for r in runs if r.sources != narrowed_sources(config)]
    for name in PAPER_COUNTS:
        networks += [(config.pretrain[f"source-{name}-any"].model, name)]
        networks += [(config.prune[f"pruned-{name}-any"].result, name)]
    for text, (model, name) in {m.canonical(): (m, n) for m, n in networks}.items():
        assert model.name == name, text
        size = count(on_paper(name, **model.options))
        assert size == pytest.approx(PAPER_COUNTS[name], rel=0.01), text


def narrowed_sources(config: Config) -> tuple[Source, ...]:
    return config.transfer["scg-cae-narrowed-0"].sources


def test_the_papers_config_loads_what_it_maps() -> None:
    config = overlaid("paper")
    runs = [r for name, r in config.transfer.items() if name.startswith("scg-cae-") and r.sources]
    once = {(r.sources[0].canonical(), r.model.canonical()): r for r in runs}
    # as pretrained, as pruned; one made narrow; and of five signals, each by itself
    assert len(once) == 2 * len(MAPS) + 1 + 5
    for run in once.values():
        (source_spec,) = run.sources
        models = (config.trained(source_spec.entry).result, run.model)
        source, target = (on_paper(m.name, **m.options) for m in models)
        given = Graft(source_spec.entry, Checkpoint(tensors=source.state_dict()), source_spec.map)
        ledger = graft(target, [given], least=run.least)
        assert ledger.share >= run.least
        assert ledger.content()["share_of_all"] >= FILLED[models[0].name][1]


def test_masks_cross_from_one_architecture_to_another() -> None:
    source = built("cnn1d", seed=1)
    ledger = grafted(source, built("cae"), MAPS["cnn1d"], "encoder.layers.6.weight")
    (name,) = ledger.masks
    assert name == "head.decoder.stages.1.convolution.weight"
    assert torch.equal(ledger.masks[name], source.state_dict()["encoder.layers.6.weight"] > 0)


def test_three_axes_leave_the_stem_of_one_behind() -> None:
    target = built("cae", WINDOW._replace(channels=3))
    tensors = built("ecgnet", seed=1).state_dict()
    ledger = graft(target, [Graft("s", Checkpoint(tensors=tensors), MAPS["ecgnet"])], least=0.99)
    skipped = {x.tensor: x.why for x in ledger.lines if x.state == "skipped"}
    assert skipped["encoder.stem.convolution.weight"] == "shape (16, 1, 1, 15) in the source"
    assert ledger.share < 1.0


@pytest.mark.parametrize("name", INTO_ECGNET)
def test_what_is_said_to_fit_the_residual_network_fits(name: str) -> None:
    assert grafted(built(name, seed=1), built("ecgnet"), INTO_ECGNET[name]).share == 1.0


@pytest.mark.parametrize("name", INTO_UNET)
def test_what_is_said_to_fit_a_u_net_without_patches_fits(name: str) -> None:
    target = built("unet", widths=(16, 32, 48, 64), kernel=15, patch=1)
    assert grafted(built(name, seed=1), target, INTO_UNET[name]).share == 1.0
