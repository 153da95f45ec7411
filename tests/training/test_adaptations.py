"""Adaptation losses: known answers, a domain shift that each undoes, and a training as exact."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import scripts
import torch
from accelerate import Accelerator
from cohort import ENDINGS, SMALL, Interrupt, beats, write_split
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from torch import Tensor, nn
from torch.nn import functional

from cardiograft import plugins
from cardiograft.checkpoints.file import read_checkpoint, read_tensors
from cardiograft.records import Shape
from cardiograft.segments import shards
from cardiograft.specs.audit import Ancestor, Audit
from cardiograft.specs.entry import Adaptation, Adapting
from cardiograft.specs.split import Split
from cardiograft.specs.training import Training
from cardiograft.specs.transfer import Transfer
from cardiograft.splits.lineage import lineage_audit, lineage_complaint
from cardiograft.splits.table import write_split_table
from cardiograft.training import domain
from cardiograft.training import feed as feed_module
from cardiograft.training import job as job_module
from cardiograft.training.adaptations import coral, dann, mmd
from cardiograft.training.codes import code_of
from cardiograft.training.domain import Unlabelled, make_domain_term, requested_domain
from cardiograft.training.feed import Feed
from cardiograft.training.loop import fit
from cardiograft.training.order import epoch_order
from cardiograft.training.task import Batch
from cardiograft.training.tasks import classify, translate

CPU = torch.device("cpu")


def adapting(name: str, **given: Any) -> Adapting:
    adapter: TypeAdapter[Any] = TypeAdapter(Adaptation)
    chosen = adapter.validate_python({"name": name, "domain": "there", **given})
    assert isinstance(chosen, Adapting)
    return chosen


def normal(seed: int, rows: int, width: int = 3) -> Tensor:
    return torch.randn((rows, width), generator=torch.Generator().manual_seed(seed))


# Known answers.


def test_the_covariance_is_that_of_numpy() -> None:
    code_BW = normal(0, 20)
    expected = np.cov(code_BW.double().numpy(), rowvar=False)
    np.testing.assert_allclose(coral.covariance(code_BW).numpy(), expected, rtol=1e-5, atol=1e-6)


def test_equal_covariances_are_no_loss_wherever_the_codes_are() -> None:
    code_BW, loss = normal(0, 20), coral.make(3)
    assert float(loss(code_BW, code_BW, through=0)) == 0
    assert float(loss(code_BW, 5 - code_BW.flip(0), through=0)) == pytest.approx(0, abs=1e-9)


def test_correlation_alignment_of_two_gaussians_with_diagonal_covariances() -> None:
    one, other = torch.tensor([1.0, 2.0, 0.5]), torch.tensor([3.0, 1.0, 0.5])
    expected = float((one**2 - other**2).square().sum() / (4 * 3**2))
    whole = coral.make(3)(one * normal(1, 200_000), other * normal(2, 200_000) + 7, through=0)
    assert float(whole) == pytest.approx(expected, rel=0.02)


# Columns that are orthogonal and of mean zero: their covariance is diagonal to the last digit.
ORTHOGONAL = torch.tensor([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], dtype=torch.float32)
SCALES = st.lists(st.floats(0.1, 10), min_size=3, max_size=3)


@given(SCALES, SCALES)
def test_correlation_alignment_of_diagonal_covariances(
    one: list[float], other: list[float]
) -> None:
    result = coral.make(3)(*(ORTHOGONAL * torch.tensor(s) for s in (one, other)), through=0)
    apart = sum((4 / 3 * (a**2 - b**2)) ** 2 for a, b in zip(one, other, strict=True))
    assert float(result) == pytest.approx(apart / 36, rel=1e-3, abs=1e-4)


@given(st.floats(0, 5), st.floats(0.3, 3), st.integers(2, 6), st.integers(2, 6))
def test_the_discrepancy_of_two_point_masses(
    distance: float, bandwidth: float, rows: int, others: int
) -> None:
    one = torch.zeros(rows, 2)
    other = torch.tensor([0.6, 0.8]).mul(distance).expand(others, 2)
    result = mmd.make(2, bandwidths=(bandwidth,), unit="code")(one, other, through=0)
    expected = 2 - 2 * math.exp(-(distance**2) / (2 * bandwidth**2))
    assert float(result) == pytest.approx(expected, abs=1e-4)


def test_the_median_distance_is_the_unit_of_the_bandwidths() -> None:
    one, other = torch.zeros(4, 2), torch.full((4, 2), 3.0)  # 16 of 28 pairs are that far apart
    expected = 2 - 2 * np.mean([math.exp(-1 / (2 * b**2)) for b in (0.5, 1.0)])
    loss = mmd.make(2, bandwidths=(0.5, 1.0))
    assert float(loss(one, other, through=0)) == pytest.approx(expected, rel=1e-5)
    assert float(loss(9 * one, 9 * other, through=0)) == pytest.approx(expected, rel=1e-5)


@settings(max_examples=20)
@given(st.integers(0, 1000), st.integers(2, 7), st.integers(2, 7))
def test_the_discrepancy_is_the_sum_over_pairs(seed: int, rows: int, others: int) -> None:
    one, other = normal(seed, rows).numpy(), normal(seed + 1, others).numpy() + 1

    def kernel(x: Any, y: Any) -> float:
        return float(np.mean([np.exp(-((x - y) ** 2).sum() / (2 * s**2)) for s in (0.7, 2.0)]))

    def within(sample: Any) -> float:
        pairs = [kernel(x, y) for i, x in enumerate(sample) for j, y in enumerate(sample) if i != j]
        return float(np.mean(pairs))

    across = np.mean([kernel(x, y) for x in one for y in other])
    result = mmd.make(3, bandwidths=(0.7, 2.0), unit="code")(
        torch.from_numpy(one), torch.from_numpy(other), through=0
    )
    assert float(result) == pytest.approx(within(one) + within(other) - 2 * across, abs=1e-5)


def test_the_discrepancy_of_gaussians_is_unbiased() -> None:
    loss, draws, s = mmd.make(1, bandwidths=(1.0,), unit="code"), 600, 1.0
    for shift in (0.0, 1.5):
        pairs = [(normal(2 * i, 8, 1), normal(2 * i + 1, 8, 1) + shift) for i in range(draws)]
        result = torch.stack([loss(*pair, through=0) for pair in pairs])
        # The mean of exp(-d^2 / (2 s^2)) over a normal d with mean m and variance 2.
        wide = s**2 + 2
        near, far = (s / wide**0.5 * math.exp(-(m**2) / (2 * wide)) for m in (0, shift))
        error = float(result.std()) / math.sqrt(draws)
        assert abs(float(result.mean()) - 2 * (near - far)) < 3 * error
        assert error < 0.02


def test_bandwidths_are_needed_and_positive() -> None:
    with pytest.raises(ValueError, match="mmd needs at least one of bandwidths"):
        mmd.make(3, bandwidths=())
    with pytest.raises(ValidationError, match="greater than 0"):
        adapting("mmd", bandwidths=[0.0])


@given(st.floats(0, 3))
def test_a_gradient_is_turned_exactly(factor: float) -> None:
    code, weight = normal(0, 4).requires_grad_(), normal(1, 4)
    turned = dann.reversed_gradient(code, factor)
    assert torch.equal(turned, code)
    (turned * weight).sum().backward()
    assert code.grad is not None
    assert torch.equal(code.grad, -factor * weight)


def test_the_encoder_gets_the_turned_gradient_and_the_classifier_its_own() -> None:
    torch.manual_seed(0)
    loss = dann.make(3, strength=0.5)
    factor = 0.5 * (2 / (1 + math.exp(-10 * 0.2)) - 1)

    def gradients(through: float) -> list[Tensor]:
        codes = [normal(s, 5).requires_grad_() for s in (0, 1)]
        loss.zero_grad()
        loss(*codes, through=through).backward()
        return [t.grad.clone() for t in (*codes, *loss.parameters()) if t.grad is not None]

    def plainly() -> list[Tensor]:
        codes = [normal(s, 5).requires_grad_() for s in (0, 1)]
        logits = [loss.last(functional.relu(loss.first(c))).squeeze(1) for c in codes]
        loss.zero_grad()
        truth = [torch.zeros(5), torch.ones(5)]
        functional.binary_cross_entropy_with_logits(torch.cat(logits), torch.cat(truth)).backward()
        return [t.grad.clone() for t in (*codes, *loss.parameters()) if t.grad is not None]

    for index, (result, plain) in enumerate(zip(gradients(0.2), plainly(), strict=True)):
        expected = -factor * plain if index < 2 else plain
        torch.testing.assert_close(result, expected)
    assert not gradients(0.0)[0].any()


def test_a_classifier_that_knows_nothing_loses_a_bit() -> None:
    loss = dann.make(3)
    nn.init.zeros_(loss.last.weight)
    result = loss(normal(0, 5), normal(1, 9), through=1).detach()
    assert float(result) == pytest.approx(math.log(2))


def test_the_adversarys_share_grows_from_nothing_to_all() -> None:
    shares = [dann.share_at(p / 10, 10.0) for p in range(11)]
    assert shares[0] == 0
    assert shares[5] == pytest.approx(math.tanh(2.5))
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1, abs=1e-4)


# Codes.


def test_a_code_is_the_mean_over_time_of_what_the_encoder_gives() -> None:
    code_BW1S = torch.arange(24.0).view(2, 3, 1, 4)
    expected = torch.tensor([[1.5, 5.5, 9.5], [13.5, 17.5, 21.5]])
    skips = [torch.zeros(2, 7, 1, 8)]
    for encoded in (code_BW1S, code_BW1S.squeeze(2), (code_BW1S, skips), expected):
        assert torch.equal(code_of(encoded), expected)
    both = code_of([(code_BW1S, skips), expected])
    assert torch.equal(both, torch.cat([expected, expected], 1))


# A shift that is undone. In the training domain two channels tell the classes apart, one of
# them loudly; elsewhere the loud one is stuck at one side. What is learned predicts one class of
# everybody there, until the codes must be alike: then the quiet channel is listened to.


class Toy(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = ToyEncoder()
        self.head = nn.Linear(4, 2)

    def forward(self, signal_BCT: Tensor, feature_BF: Tensor) -> Tensor:
        output: Tensor = self.head(self.encoder(signal_BCT, feature_BF))
        return output


class ToyEncoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 4))

    def forward(self, signal_BCT: Tensor, feature_BF: Tensor) -> Tensor:
        code: Tensor = self.layers(signal_BCT)
        return code


def blobs(seed: int, *, stuck: bool, labelled: bool = True) -> Feed:
    label = torch.arange(400) % 2
    quiet = (2 * label - 1).float()
    loud = torch.full((400,), 3.0) if stuck else 2 * quiet
    noise = normal(seed, 400, 2) * torch.tensor([0.5, 0.4])
    columns = {
        "signal": (torch.stack([loud, quiet], 1) + noise)[:, None],
        "feature": torch.zeros(400, 0),
        "label": label if labelled else torch.full((400,), -1),
    }
    return Feed(columns, CPU)


def shifted(
    adaptation: Adapting | None, *, seed: int = 0, precision: str = "no", **options: Any
) -> tuple[dict[tuple[str, str], float], dict[str, Tensor]]:
    """Train on the one domain; return the last epoch's metrics, and the tensors."""
    meta = shards.Meta(
        spec={}, manifest_digest="0", simulated=True, rate_hz=1.0, channels=("z",), samples=2
    )
    task, shape = classify.make(meta, labels=("a", "b")), Shape(1, 2, 0, (2,))
    torch.manual_seed(seed)
    network, other = Toy(), None
    if adaptation is not None:
        feed = blobs(1, stuck=True, labelled=adaptation.supervised)
        other = make_domain_term(adaptation, network, shape, feed, seed=seed)
    options_ = {"epochs": 30, "batch_size": 64, "learning_rate": 3e-3, **options}
    outcome = fit(
        network,
        task,
        train=blobs(2, stuck=False),
        watched={"there": blobs(3, stuck=True), "here": blobs(4, stuck=False)},
        training=Training(precision=precision, **options_),
        seed=seed,
        accelerator=Accelerator(mixed_precision=precision),
        domain_term=other,
    )
    last = outcome.progress.epoch
    values = {(p, m): v for epoch, _, p, m, v in outcome.progress.history if epoch == last}
    return values, outcome.tensors


def test_without_adaptation_the_other_domain_is_guessed() -> None:
    values, _ = shifted(None)
    assert values["here", "accuracy"] > 0.97
    assert values["there", "accuracy"] < 0.55
    assert ("train", "adaptation") not in values


@pytest.mark.parametrize(
    ("name", "weight", "epochs"), [("coral", 10.0, 20), ("mmd", 1.0, 15), ("dann", 1.0, 30)]
)
def test_alike_codes_are_right_in_a_domain_whose_labels_nobody_saw(
    name: str, weight: float, epochs: int
) -> None:
    values, tensors = shifted(adapting(name, weight=weight), epochs=epochs)
    assert values["there", "accuracy"] > 0.95
    assert values["here", "accuracy"] > 0.95
    assert math.isfinite(values["train", "adaptation"])
    assert ("train", "domain_loss") not in values
    assert {tensor.split(".")[0] for tensor in tensors} == {"encoder", "head"}


@pytest.mark.parametrize("name", plugins.names("adaptations"))
def test_with_labels_each_is_right_in_both(name: str) -> None:
    values, _ = shifted(adapting(name, supervised=True), epochs=12)
    assert values["there", "accuracy"] > 0.95
    assert values["here", "accuracy"] > 0.95
    assert values["train", "domain_loss"] < 0.2
    if name == "none":
        assert values["train", "adaptation"] == 0


def test_none_without_labels_is_no_adaptation_at_all() -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(Adaptation)
    for same in (None, "none", {"name": "none"}, {"name": "none", "domain": "x", "part": "train"}):
        assert adapter.validate_python(same) is None


def test_a_weight_near_nothing_trains_as_if_there_were_no_adaptation() -> None:
    _, plain = shifted(None, epochs=3, optimiser="sgd")
    _, other = shifted(adapting("mmd", weight=1e-12), epochs=3, optimiser="sgd")
    for name, tensor in plain.items():
        torch.testing.assert_close(other[name], tensor, rtol=1e-4, atol=1e-6)
    _, heavy = shifted(adapting("mmd", weight=1.0), epochs=3, optimiser="sgd")
    assert any(not torch.allclose(heavy[n], t, atol=1e-3) for n, t in plain.items())


def test_it_goes_with_mixed_precision() -> None:
    values, tensors = shifted(adapting("dann"), precision="bf16", epochs=2)
    assert {t.dtype for t in tensors.values()} == {torch.float32}
    assert math.isfinite(values["train", "adaptation"])


def test_what_a_task_makes_up_is_no_part_of_either_domain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    batch, seen = classify.Classify.batch, []

    def longer(*arguments: Any, **named: Any) -> Batch:
        made = batch(*arguments, **named)
        return Batch(
            *(torch.cat([t, t[:3]]) for t in (made.signal_BCT, made.feature_BF, made.target))
        )

    class Watched(nn.Module):
        def forward(self, code_BW: Tensor, domain_DW: Tensor, *, through: float) -> Tensor:
            seen.append((len(code_BW), len(domain_DW), through))
            return code_BW.new_zeros(())

    monkeypatch.setattr(classify.Classify, "batch", longer)
    monkeypatch.setattr(coral, "make", lambda width: Watched())
    shifted(adapting("coral"), epochs=2, batch_size=150)
    sizes = [(150, 150), (150, 150), (100, 150)] * 2
    assert seen == [(*size, step / 6) for step, size in enumerate(sizes)]


# The domain's items.


def other(count: int) -> domain.DomainTerm:
    feed = Feed({"signal": torch.zeros(count, 1, 2)}, CPU)
    return domain.DomainTerm(loss=nn.Identity(), weight=1.0, supervised=False, feed=feed)


def test_the_domain_is_gone_through_again_and_again_in_other_orders() -> None:
    items = [other(12).items(s, size=4, versions=1, seed=5) for s in range(6)]
    for cycle in (items[:3], items[3:]):
        assert sorted(np.concatenate(cycle).tolist()) == list(range(12))
    assert not np.array_equal(np.concatenate(items[:3]), np.concatenate(items[3:]))
    again = other(12).items(4, size=4, versions=1, seed=5)
    assert np.array_equal(again, items[4])
    assert not np.array_equal(other(12).items(4, size=4, versions=1, seed=6), again)


def test_a_domain_that_fits_no_whole_batch_is_never_shown_twice_in_one() -> None:
    seen = set()
    for step in range(40):
        item_B = other(10).items(step, size=4, versions=1, seed=0)
        assert len(set(item_B.tolist())) == 4
        seen |= set(item_B.tolist())
    assert seen == set(range(10))
    assert sorted(other(3).items(7, size=64, versions=2, seed=0).tolist()) == list(range(6))


def test_the_domains_order_is_not_the_training_parts() -> None:
    own = epoch_order(12, seed=5, epoch=0)
    assert not np.array_equal(own, other(12).items(0, size=12, versions=1, seed=5))


# The whole job.


@pytest.fixture
def job(cohort: Any, tmp_path: Path) -> Callable[..., Path]:
    """Run the stage's script; return the model folder."""

    def run(
        name: str = "model",
        *,
        adaptation: Any = None,
        domain: Path | None = None,
        split: Path | None = None,
        **options: Any,
    ) -> Path:
        extras = {key: options.pop(key) for key in ("frozen", "task") if key in options}
        spec = Transfer.model_validate(
            {
                "split": "toy",
                "model": {**SMALL, "dropout": 0.2},
                "task": "classify",
                "adaptation": adaptation,
                "training": {"epochs": 3, "batch_size": 32, "learning_rate": 3e-3, **options},
                **extras,
            }
        )
        there = {} if spec.adaptation is None else {"domain_segments": [domain or cohort.segments]}
        if spec.adaptation is not None:
            there["domain_split"] = split or cohort.paper
        scripts.load("transfer").transfer(
            spec=spec,
            segments=[cohort.segments],
            split=cohort.honest,
            repeat=0,
            state=tmp_path / "state",
            out=tmp_path / name,
            sources_=[],
            **there,
        )
        return tmp_path / name

    return run


def weights(folder: Path) -> bytes:
    return (folder / "model.safetensors").read_bytes()


def tensors(folder: Path) -> str:
    return read_checkpoint(folder / "model.safetensors").digest()


def history(folder: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(folder / "history.parquet").to_pylist()
    return rows


@pytest.mark.parametrize("ending", ["signalled", "killed"])
@pytest.mark.parametrize(
    "adaptation",
    [
        {"name": "dann", "domain": "there", "hidden": 8},
        {"name": "coral", "domain": "there", "supervised": True, "weight": 3.0},
    ],
    ids=lambda a: a["name"],
)
def test_interrupted_it_ends_in_the_same_bytes(
    job: Any, interrupted: Interrupt, tmp_path: Path, adaptation: Any, ending: str
) -> None:
    given: dict[str, Any] = {
        "adaptation": adaptation,
        "clip_norm": 1.0,
        "optimiser": "adamw",
        "ema": 0.9,
        "keep": "best_validation",
    }
    whole = job("whole", **given)
    taken = interrupted(14, ending)  # the fourth step of the second epoch
    with pytest.raises(ENDINGS[ending]):
        job("cut", **given)
    (file,) = (tmp_path / "state").glob("*/state.safetensors")
    held, about = read_tensors(file)
    assert any(name.startswith("extra/") for name in held) is (adaptation["name"] == "dann")
    assert bool(about["progress"]["terms"]) is (ending == "signalled")
    cut = job("cut", **given)
    assert weights(cut) == weights(whole)
    assert history(cut) == history(whole)
    assert len(taken) == (30 if ending == "signalled" else 34)


def test_what_it_compared_is_in_the_history_and_not_in_the_checkpoint(job: Any) -> None:
    folder = job(adaptation={"name": "dann", "domain": "there"})
    values = [r["value"] for r in history(folder) if r["metric"] == "adaptation"]
    assert len(values) == 3
    assert all(0.3 < value < 1.5 for value in values)
    saved = read_checkpoint(folder / "model.safetensors")
    assert {name.split(".")[0] for name in saved.tensors} == {"encoder", "head"}
    card = json.loads((folder / "card.json").read_text("utf-8"))
    assert card["spec"]["adaptation"]["name"] == "dann"
    assert set(card["domain"]) == {"data", "split_digest"}


def test_no_adaptation_leaves_the_training_as_it_was(job: Any) -> None:
    plain = job("plain")
    assert tensors(job("none", adaptation="none")) == tensors(plain)
    assert tensors(job("coral", adaptation={"name": "coral", "domain": "there"})) != tensors(plain)
    card = json.loads((plain / "card.json").read_text("utf-8"))
    assert "domain" not in card
    assert {r["metric"] for r in history(plain) if r["part"] == "train"} == {"loss"}


def test_from_memory_or_from_disk_the_domain_is_the_same(
    job: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"adaptation": {"name": "mmd", "domain": "there"}, "epochs": 1}
    memory = job("memory", **given)
    monkeypatch.setattr(feed_module, "RESIDENT_BYTES", 1000)
    monkeypatch.setattr(feed_module, "CHUNK", 7)
    assert weights(job("disk", **given)) == weights(memory)


def domain_of(folder: Path, *, label: Callable[[int], str | None], rate_hz: float = 125.0) -> Path:
    """Write shards of a person with the cohort's shape, and labels as asked."""
    segments = folder / "elsewhere"
    segments.mkdir(parents=True)
    meta = shards.Meta(
        spec={},
        manifest_digest="0",
        simulated=True,
        rate_hz=rate_hz,
        channels=("V1",),
        samples=64,
        features=("rr_before",),
    )
    signal_NCT, valid_N = beats(np.random.default_rng(0), 2, 40)
    rows = shards.ShardRows(
        dataset="toy",
        record="r50",
        subject="s50",
        lead="V1",
        start_N=np.arange(40) * 100,
        valid_N=valid_N,
        shape_hash_N=np.zeros(40, np.uint64),
        label_N=np.array([label(i) for i in range(40)], dtype=object),
        signal_NCT=signal_NCT,
        features={"rr_before": np.full(40, 0.8, np.float32)},
    )
    with shards.Writer(segments, meta, 1) as writer:
        writer.write(rows)
    write_split(folder / "there.parquet", segments, lambda _: "train", "honest")
    return segments


def test_without_supervision_the_domains_labels_are_not_read(job: Any, tmp_path: Path) -> None:
    trained = []
    for name, label in {"none": lambda _: None, "other": lambda i: f"class {i % 3}"}.items():
        segments = domain_of(tmp_path / name, label=label)
        there = {"domain": segments, "split": tmp_path / name / "there.parquet"}
        trained.append(
            tensors(job(f"m-{name}", adaptation={"name": "mmd", "domain": "d"}, **there))
        )
    assert trained[0] == trained[1]


def test_with_supervision_a_domain_without_labels_is_refused(job: Any, tmp_path: Path) -> None:
    segments = domain_of(tmp_path / "d", label=lambda i: "V" if i % 4 else None)
    there = {"domain": segments, "split": tmp_path / "d/there.parquet"}
    supervised = {"name": "coral", "domain": "d", "supervised": True}
    with pytest.raises(ValueError, match="supervised: 10 of the 40 segments of 'd' have no label"):
        job(adaptation=supervised, **there)


def test_a_domain_of_another_shape_is_refused(job: Any, tmp_path: Path) -> None:
    segments = domain_of(tmp_path / "d", label=lambda _: "V", rate_hz=250.0)
    there = {"domain": segments, "split": tmp_path / "d/there.parquet"}
    with pytest.raises(ValueError, match=r"elsewhere: rate_hz 250.0, but .*toy has 125.0"):
        job(adaptation={"name": "coral", "domain": "d"}, **there)


def test_what_translates_needs_no_target_in_the_other_domain() -> None:
    meta = shards.Meta(
        spec={},
        manifest_digest="0",
        simulated=True,
        rate_hz=125.0,
        channels=("z",),
        samples=16,
        target_channels=("II",),
        target_samples=16,
    )
    task = translate.make(meta, scaling="median_max", gain=0.1)
    reader = Unlabelled(task, meta)
    assert reader.columns == ("signal",)
    rows = reader.encode({"signal": normal(0, 5, 16).numpy()[:, None]})
    batch = task.batch(rows, torch.zeros(5), torch.Generator().manual_seed(0), training=True)
    assert batch.target.shape == (5, 1, 16)
    assert not batch.target.any()
    assert batch.signal_BCT.abs().amax() == 1


def test_who_was_adapted_to_was_met_with_or_without_labels(tmp_path: Path) -> None:
    def file(name: str, part_of: Callable[[str], str]) -> Path:
        people = [f"p{i}" for i in range(6)]
        keys: dict[str, Any] = {
            "id": [f"toy/{p}/II/0" for p in people],
            "dataset": ["toy"] * 6,
            "record": [f"toy/{p}" for p in people],
            "subject": [f"toy/{p}" for p in people],
            "label": ["N"] * 6,
            "start": [0] * 6,
            "stop": [64] * 6,
            "source_hz": [125.0] * 6,
        }
        spec = Split(segments=("toy",), scheme="subject", protocol="honest")
        part_N = np.array([part_of(p) for p in people], dtype=object)
        write_split_table(tmp_path / f"{name}.parquet", pa.table(keys), part_N, spec)
        return tmp_path / f"{name}.parquet"

    def own(part: str) -> Ancestor:
        return Ancestor(stage="transfer", entry="m", split=part, uses=("train", "validation"))

    def seen(part: Any) -> Ancestor:
        return Ancestor(stage="transfer", entry="m", split="there", uses=(part,))

    files = [
        file("here", lambda p: "test" if p in ("p4", "p5") else "train"),
        file("there", lambda p: {"p4": "train", "p5": "train", "p0": "test"}.get(p, "out")),
    ]

    def audit_of(*lineage: Ancestor) -> dict[str, Any]:
        what = Audit(protocol="honest", split="here", parts=("test",), lineage=lineage)
        return lineage_audit(what, files)

    assert audit_of(own("here"))["passed"]
    leak = audit_of(own("here"), seen("train"))
    assert not leak["passed"]
    assert [f["subjects"] for f in leak["findings"]] == [0, 2]
    assert "transfer 'm' (split 'there') used 2 of the 2 test subjects" in lineage_complaint(leak)
    other = audit_of(own("here"), seen("test"))
    assert other["passed"]
    assert not other["findings"][1]["chosen_on_test"]


def test_an_honest_test_part_is_never_adapted_to(job: Any, cohort: Any) -> None:
    test = {"name": "coral", "domain": "there", "part": "test"}
    message = "'test' adapts to the test set of 'there', whose protocol is 'honest'"
    with pytest.raises(ValueError, match=message):
        job(adaptation=test, split=cohort.honest)
    job(adaptation=test, split=cohort.paper, epochs=1)
    with pytest.raises(ValidationError, match="supervised adaptation trains on the domain"):
        adapting("coral", part="test", supervised=True)


def test_a_frozen_encoder_cannot_adapt(job: Any) -> None:
    frozen = {"frozen": ["encoder"], "epochs": 1}
    with pytest.raises(ValueError, match=r"frozen \['encoder'\] leaves no encoder to adapt"):
        job(adaptation={"name": "coral", "domain": "there"}, **frozen)
    job(adaptation={"name": "none", "domain": "there", "supervised": True}, **frozen)


def test_batches_of_one_have_nothing_to_compare(job: Any) -> None:
    with pytest.raises(ValueError, match="needs batches of 2 or more segments, not of 1"):
        job(adaptation={"name": "coral", "domain": "there"}, batch_size=1)


def test_the_script_wants_the_domain_that_the_entry_names(cohort: Any, tmp_path: Path) -> None:
    given = {"split": "a", "model": "cnn", "task": "classify", "training": {"epochs": 1}}
    plain = Transfer.model_validate(given)
    adapted = Transfer.model_validate({**given, "adaptation": {"name": "mmd", "domain": "b"}})
    with pytest.raises(ValueError, match="the entry has no adaptation"):
        requested_domain(plain.adaptation, [cohort.segments], cohort.paper)
    with pytest.raises(ValueError, match="'mmd' to 'b' needs --domain-segments"):
        requested_domain(adapted.adaptation, [], None)
    assert requested_domain(plain.adaptation, [], None) is None


def test_another_domain_never_resumes_it(
    job: Any, cohort: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    homes = []

    def seen(*arguments: Any, state: Path, **named: Any) -> None:
        homes.append(state.parent.name)
        raise KeyboardInterrupt

    monkeypatch.setattr(job_module, "fit", seen)
    segments = domain_of(tmp_path / "d", label=lambda _: "V")
    elsewhere = {"domain": segments, "split": tmp_path / "d/there.parquet"}
    for there in ({}, {}, elsewhere, {"split": cohort.whole}):
        with pytest.raises(KeyboardInterrupt):
            job(adaptation={"name": "coral", "domain": "there"}, **there)
    assert homes[0] == homes[1]
    assert len(set(homes)) == 3
