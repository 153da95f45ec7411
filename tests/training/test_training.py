"""One fit() for every task: exact, whatever interrupts it or runs beside it."""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import scripts
import torch
from accelerate import Accelerator
from cohort import ENDINGS, Interrupt
from pydantic import ValidationError
from torch import Tensor, nn

from cardiograft.checkpoints.file import contiguous, read_checkpoint, read_tensors, weights_digest
from cardiograft.files import file_digest
from cardiograft.models.lstm import Recurrent
from cardiograft.segments import shards
from cardiograft.segments.folders import data_digest, pooled
from cardiograft.specs.prune import Sparsity
from cardiograft.specs.training import Training
from cardiograft.splits.table import read_split_table
from cardiograft.training import feed, job, loop
from cardiograft.training import feed as feed_module
from cardiograft.training import run as run_module
from cardiograft.training.build import build_network, fitted_task, network_shape
from cardiograft.training.determinism import deterministic
from cardiograft.training.feed import read_feed
from cardiograft.training.job import train_and_publish
from cardiograft.training.loop import AS_IT_IS, fit, measure
from cardiograft.training.optimiser import make_optimiser, rate_at
from cardiograft.training.order import batches, epoch_order, resampled
from cardiograft.training.pruning.magnitude import Magnitude
from cardiograft.training.request import Job, Place
from cardiograft.training.state import save_state
from cardiograft.training.task import Start
from cardiograft.training.tasks.classify import Classify

ROOT = Path(__file__).parents[2]
Train = Callable[..., Path]


def history(folder: Path) -> dict[tuple[int, str, str], float]:
    rows = pq.read_table(folder / "history.parquet").to_pylist()
    return {(r["epoch"], r["part"], r["metric"]): r["value"] for r in rows}


def weights(folder: Path) -> bytes:
    return (folder / "model.safetensors").read_bytes()


def command(cohort: Any, spec: Any, *, state: Path, out: Path) -> list[str]:
    words = {
        "spec": spec.canonical(),
        "segments": cohort.segments,
        "split": cohort.honest,
        "repeat": 0,
        "state": state,
        "out": out,
    }
    script = ROOT / "workflow/scripts/pretrain.py"
    return [sys.executable, str(script), *(w for k, v in words.items() for w in (f"--{k}", str(v)))]


def started(line: list[str], log: Path) -> subprocess.Popen[bytes]:
    quiet = {**os.environ, "OMP_NUM_THREADS": "1"}
    with log.open("ab") as file:
        return subprocess.Popen(line, stderr=file, env=quiet)


KILLED = """
import runpy, signal, sys
from cardiograft.training import loop
steps, after = int(sys.argv[1]), float(sys.argv[2])
sys.argv = sys.argv[3:]
step, taken = loop._step, []
def armed(*arguments):
    taken.append(1)
    if len(taken) == steps:  # the default of SIGPROF ends a process on the spot, as kill -9 does
        signal.setitimer(signal.ITIMER_PROF, after)
    return step(*arguments)
loop._step = armed
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def killed(line: list[str], log: Path, *, steps: int, after_s: float) -> int:
    """How it ended, killed so much processor time after so many steps: on any machine,
    however busy, in the midst of the run."""
    return started([line[0], "-c", KILLED, str(steps), str(after_s), *line[1:]], log).wait()


def test_a_class_that_can_be_seen_is_learned(pretrained: Train) -> None:
    values_at = history(pretrained(epochs=12, learning_rate=3e-3))
    assert values_at[12, "validation", "accuracy"] > 0.95
    assert values_at[12, "train", "loss"] < 0.5 * values_at[1, "train", "loss"]
    assert not any(part == "test" for _, part, _ in values_at)


def test_the_same_seed_gives_the_same_bytes_and_another_repeat_does_not(
    pretrained: Train,
) -> None:
    one, same, other = pretrained("a"), pretrained("b"), pretrained("c", repeat=1)
    assert weights(one) == weights(same)
    assert (one / "history.parquet").read_bytes() == (same / "history.parquet").read_bytes()
    tensors = [read_checkpoint(f / "model.safetensors").tensors for f in (one, other)]
    assert weights_digest(tensors[0]) != weights_digest(tensors[1])


def test_killed_at_any_moment_it_ends_in_the_same_bytes(
    cohort: Any, entry: Callable[..., Any], tmp_path: Path
) -> None:
    spec = entry(epochs=30, keep="best_validation", model={**MODEL, "dropout": 0.2})
    calm, state, log = tmp_path / "calm", tmp_path / "state", tmp_path / "log"
    line = command(cohort, spec, state=state, out=tmp_path / "out")
    scripts.load("pretrain").pretrain(
        spec=spec,
        segments=[cohort.segments],
        split=cohort.honest,
        repeat=0,
        state=tmp_path / "s",
        out=calm,
    )
    lottery = random.Random(0)
    for _ in range(3):
        after = lottery.uniform(0.001, 0.1)
        assert killed(line, log, steps=7, after_s=after) == -signal.SIGPROF, log.read_text()
        assert not (tmp_path / "out").exists()
    assert started(line, log).wait() == 0, log.read_text()
    assert log.read_text().count("resuming at epoch") == 3, log.read_text()
    assert weights(tmp_path / "out") == weights(calm)
    names = ["history.parquet"]
    assert [(tmp_path / "out" / n).read_bytes() for n in names] == [
        (calm / n).read_bytes() for n in names
    ]
    assert not state.exists()


def test_one_of_several_processes_is_refused_before_it_trains(
    pretrained: Train, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ValueError, match="torchrun or accelerate has begun 2"):
        pretrained("rank")
    assert not (tmp_path / "rank").exists()


MODEL = {"name": "cnn", "widths": [4, 4, 4], "kernel": 5, "hidden": [8, 6]}


def test_signalled_to_end_it_saves_its_state_at_the_very_step(
    pretrained: Train, interrupted: Interrupt, tmp_path: Path
) -> None:
    options = {"epochs": 3, "clip_norm": 1.0, "schedule": "cosine", "optimiser": "adamw"}
    whole = pretrained("whole", **options)
    taken = interrupted(14)  # the fourth step of the second epoch
    with pytest.raises(SystemExit, match="143"):
        pretrained("cut", **options)
    assert not (tmp_path / "cut").exists()
    assert weights(pretrained("cut", **options)) == weights(whole)
    assert len(taken) == 30
    assert history(tmp_path / "cut") == history(whole)


@pytest.mark.parametrize("ending", ["signalled", "killed"])
@pytest.mark.parametrize("ema", [None, 0.9])
def test_ended_while_it_measures_it_measures_again_and_trains_no_step_twice(
    pretrained: Train,
    interrupted: Interrupt,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    ending: str,
    ema: float | None,
) -> None:
    options: dict[str, Any] = {"epochs": 3, "ema": ema, "keep": "best_validation"}
    options["model"] = {**MODEL, "dropout": 0.2}
    monkeypatch.setattr(loop, "WATCH_BATCH", 16)  # five batches to measure
    if ending == "killed":  # as if steps took long
        monkeypatch.setattr(run_module, "LEAST_S", 0.0)
    whole = pretrained("whole", **options)
    taken, calls = interrupted(1000), list[int]()
    tally = Classify.tally

    def ended(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 7 and ending == "killed":  # in the second epoch
            raise KeyboardInterrupt
        if len(calls) == 7:
            os.kill(os.getpid(), signal.SIGTERM)
        return tally(*arguments)

    monkeypatch.setattr(Classify, "tally", ended)
    with pytest.raises(ENDINGS[ending], match="143" if ending == "signalled" else None):
        pretrained("cut", **options)
    assert (len(taken), len(calls)) == (20, 7)  # it did not measure to the end
    assert weights(pretrained("cut", **options)) == weights(whole)
    assert (len(taken), len(calls)) == (30, 7 + 10)
    assert history(tmp_path / "cut") == history(whole)


def test_who_has_lost_its_lease_saves_nothing_where_another_trains(
    pretrained: Train, interrupted: Interrupt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted(14)
    save, saved = run_module.save_state, list[int]()

    def watched(path: Path, *arguments: Any, **named: Any) -> None:
        save(path, *arguments, **named)
        saved.append(1)
        another = {"host": "elsewhere", "job": "", "restart": 0, "process": 1, "token": "t"}
        (tmp_path / "state.lease").write_text(json.dumps(another))

    monkeypatch.setattr(run_module, "save_state", watched)
    with pytest.raises(ValueError, match="taken over by elsewhere, process 1; nothing was pub"):
        pretrained("cut", epochs=3)
    assert saved == [1]  # after the first epoch, and not again when it was signalled to end


def test_what_has_been_published_while_it_waited_is_not_trained_again(
    pretrained: Train,
    interrupted: Interrupt,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Two calls of Snakemake on one folder, say: the second waits for the first."""
    taken = interrupted(1000)
    another = {"host": "elsewhere", "job": "", "restart": 0, "process": 1, "token": "t"}
    lease = tmp_path / "state.lease"

    def waiting(**options: Any) -> int:
        lease.write_text(json.dumps(another))
        ends = threading.Timer(1.0, lease.unlink)
        ends.start()
        pretrained("model", **options)
        ends.join()
        return len(taken)

    pretrained("model")
    assert len(taken) == 20
    written = weights(tmp_path / "model")
    assert waiting() == 20
    assert "model: already published, by the job that was waited for" in capsys.readouterr().err
    assert weights(tmp_path / "model") == written
    assert not lease.exists()
    assert waiting(learning_rate=0.01) == 40  # another training: what is there is not its result
    assert waiting(learning_rate=0.01, repeat=1) == 60
    pretrained("model", learning_rate=0.01, repeat=1)
    assert len(taken) == 80  # who has waited for nobody does as it is told


def test_other_code_other_data_or_another_option_never_resumes_it(
    cohort: Any, entry: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    homes = []

    def seen(*arguments: Any, state: Path, **named: Any) -> None:
        homes.append(state.parent.name)
        raise KeyboardInterrupt

    monkeypatch.setattr(job, "fit", seen)
    usual: dict[str, Any] = {"split": cohort.honest, "repeat": 0, "code": "{}", "spec": entry()}
    changes: list[dict[str, Any]] = [
        {},
        {},
        {"split": cohort.paper},
        {"repeat": 1},
        {"code": '{"a.py": "1"}'},
        {"spec": entry(learning_rate=0.1)},
        {"parents": [cohort.paper]},
        {"parents": [cohort.honest]},
        {"stage": "prune"},
    ]
    for change in changes:
        content = {"stage": "pretrain", **usual, **change}
        split = content.pop("split")
        place = Place(segments=[cohort.segments], split=split, state=tmp_path, out=tmp_path / "out")
        with pytest.raises(KeyboardInterrupt):
            train_and_publish(Job(place=place, **content))
    assert homes[0] == homes[1]
    assert len(set(homes)) == len(changes) - 1


@pytest.mark.parametrize("task", ["classify", "recognise_transform"])
def test_from_memory_or_from_disk_the_order_and_the_result_are_the_same(
    pretrained: Train, monkeypatch: pytest.MonkeyPatch, task: str
) -> None:
    memory = pretrained("memory", task=task)
    monkeypatch.setattr(feed_module, "RESIDENT_BYTES", 1000)
    spilled, rows = feed._spilled, []

    def watched(*arguments: Any, **named: Any) -> Any:
        rows.append(len(arguments[1]))
        return spilled(*arguments, **named)

    monkeypatch.setattr(feed_module, "_spilled", watched)
    monkeypatch.setattr(feed_module, "CHUNK", 7)
    assert weights(pretrained("disk", task=task)) == weights(memory)
    assert rows == [320, 80]  # training part and validation part


@pytest.mark.parametrize("ending", [None, "signalled", "killed"])
def test_what_does_not_fit_in_memory_lies_in_the_machines_own_folder_while_it_trains(
    pretrained: Train,
    interrupted: Interrupt,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    ending: str | None,
) -> None:
    own, state = tmp_path / "own", tmp_path / "state"
    own.mkdir()
    monkeypatch.setenv("TMPDIR", str(own))
    monkeypatch.setattr(tempfile, "tempdir", None)  # it is looked up once a process
    monkeypatch.setattr(feed_module, "RESIDENT_BYTES", 0)
    reserve, reserved = feed_module.reserve, list[Path]()

    def watched(file: Path, size: int) -> None:
        reserved.append(file)
        reserve(file, size)

    monkeypatch.setattr(feed_module, "reserve", watched)
    if ending is None:
        pretrained()
    else:
        interrupted(14, ending)
        with pytest.raises(ENDINGS[ending]):
            pretrained()
        assert {f.name for f in state.rglob("*") if f.is_file()} == {"state.safetensors"}
        assert [f for f in state.rglob("*") if f.is_dir()] == list(state.iterdir())
    assert {f.parent.name for f in reserved} == {"train", "validation"}
    assert all(f.is_relative_to(own) for f in reserved)
    assert list(own.iterdir()) == []


def test_the_order_of_an_epoch_is_a_function_of_seed_and_epoch() -> None:
    one = epoch_order(1000, seed=3, epoch=5)
    assert (one == epoch_order(1000, seed=3, epoch=5)).all()
    assert sorted(one.tolist()) == list(range(1000))
    for seed, epoch in ((4, 5), (3, 6)):
        assert (one != epoch_order(1000, seed=seed, epoch=epoch)).mean() > 0.9


def test_resampling_shows_every_class_equally_often_and_all_of_it_before_any_twice() -> None:
    class_N = np.array([0] * 50 + [1] * 7 + [2] * 20)
    drawn = resampled(class_N, 20, seed=0, epoch=0)
    assert np.bincount(class_N[drawn]).tolist() == [20, 20, 20]
    times = np.bincount(drawn, minlength=77)
    assert set(times[:50]) == {0, 1}
    assert set(times[50:57]) == {2, 3}
    assert set(times[57:]) == {1}


def test_a_last_batch_of_one_is_left_out() -> None:
    assert [len(b) for b in batches(np.arange(9), 4)] == [4, 4]
    assert [len(b) for b in batches(np.arange(10), 4)] == [4, 4, 2]
    assert [len(b) for b in batches(np.arange(1), 4)] == [1]


def test_the_best_epoch_is_kept_and_patience_ends_the_training(pretrained: Train) -> None:
    options = {"learning_rate": 0.05, "keep": "best_validation", "monitor": "macro_f1"}
    folder = pretrained(epochs=60, patience=3, **options)
    values_at = history(folder)
    values = {
        e: v for (e, part, m), v in values_at.items() if (part, m) == ("validation", "macro_f1")
    }
    best = max(values, key=lambda e: (values[e], -e))
    assert max(values) == best + 3 < 60
    shorter = pretrained("shorter", epochs=best, learning_rate=0.05)
    kept, there = (read_checkpoint(f / "model.safetensors") for f in (folder, shorter))
    assert weights_digest(kept.tensors) == weights_digest(there.tensors)


def _monitored(monkeypatch: pytest.MonkeyPatch, values: list[float]) -> None:
    """Have the monitor be these values, epoch by epoch."""
    left, measured = list(values), loop.measure

    def with_values(*arguments: Any, **options: Any) -> dict[str, float]:
        return {**measured(*arguments, **options), "macro_f1": left.pop(0)}

    monkeypatch.setattr(loop, "measure", with_values)


def test_an_epoch_whose_monitor_is_no_number_is_not_kept(
    pretrained: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"keep": "best_validation", "monitor": "macro_f1"}
    _monitored(monkeypatch, [np.nan, 0.2, np.inf, 0.3, np.nan])
    kept = pretrained(epochs=5, **options)
    assert json.loads((kept / "card.json").read_text("utf-8"))["best_epoch"] == 4


@pytest.mark.parametrize(("patience", "epochs"), [(None, 3), (2, 2)])
def test_a_training_without_an_epoch_to_keep_is_refused_at_its_end(
    pretrained: Train, monkeypatch: pytest.MonkeyPatch, patience: int | None, epochs: int
) -> None:
    _monitored(monkeypatch, [np.nan] * 3)
    with pytest.raises(ValueError, match=f"macro_f1 was a finite number in none of {epochs} "):
        pretrained(epochs=3, patience=patience, keep="best_validation", monitor="macro_f1")


def test_a_training_ends_where_its_own_loss_falls_no_more(pretrained: Train) -> None:
    rate = 0.3  # too high to fall for long
    folder = pretrained(epochs=60, learning_rate=rate, patience=2)
    losses = {e: v for (e, part, m), v in history(folder).items() if (part, m) == ("train", "loss")}
    lowest = min(losses, key=lambda e: (losses[e], e))
    assert max(losses) == lowest + 2 < 60
    # The last weights are published: those of a training that was meant to be as long.
    as_long = pretrained("as-long", epochs=max(losses), learning_rate=rate)
    kept, there = (read_checkpoint(f / "model.safetensors") for f in (folder, as_long))
    assert weights_digest(kept.tensors) == weights_digest(there.tensors)


def test_the_best_epoch_on_test_is_for_paper_splits_alone(pretrained: Train, cohort: Any) -> None:
    with pytest.raises(ValueError, match=r"keep 'best_test' looks at the test set .* honest split"):
        pretrained(keep="best_test")
    values_at = history(pretrained(keep="best_test", split=cohort.paper))
    assert {part for _, part, _ in values_at} == {"train", "validation", "test"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"keep": "best_validation"}, "the split has no validation part"),
        ({"per_class": 5, "task": "recognise_transform"}, "no classes to resample"),
        ({"class_weights": "balanced", "task": "recognise_transform"}, "class_weights"),
        ({"learning_rate": 1e30, "optimiser": "sgd"}, "training diverged: the loss of epoch"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_line(
    pretrained: Train, cohort: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        pretrained(split=cohort.whole, **options)


def test_a_metric_that_the_task_does_not_have_is_refused(pretrained: Train) -> None:
    with pytest.raises(ValueError, match=r"'macro_f2' is not a metric.* Did you mean 'macro_f1'"):
        pretrained(keep="best_validation", monitor="macro_f2")


@pytest.mark.parametrize(
    "options",
    [
        {"patience": 3, "monitor": "macro_f1"},
        {"per_class": 10, "class_weights": "balanced"},
        {"momentum": 1.0},
    ],
)
def test_contradictory_options_are_config_errors(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Training(epochs=1, **options)


def prepared(cohort: Any, spec: Any) -> tuple[Any, Any, Any]:
    split, segments = read_split_table(cohort.honest), [cohort.segments]
    meta = pooled(segments)
    task = fitted_task(spec, meta, segments, split)
    feed = read_feed(
        segments, split.ids("train"), task, device=torch.device("cpu"), scratch=Path("none")
    )
    return build_network(spec.model, network_shape(meta, task), seed=0), task, feed


def test_frozen_tensors_stay_and_factors_scale_the_rate(
    cohort: Any, entry: Callable[..., Any]
) -> None:
    spec = entry(epochs=1, optimiser="sgd", momentum=0.0, learning_rate=1e-3)
    network, task, feed = prepared(cohort, spec)
    before = contiguous(network.state_dict())
    start = Start(frozen=("encoder.stack",), rate_factors={"encoder": 0.0, "encoder.rest": 2.0})
    groups = make_optimiser(network, spec.training, start).param_groups
    assert [(g["factor"], len(g["params"])) for g in groups] == [(0.0, 2), (1.0, 2), (2.0, 2)]
    fit(
        network,
        task,
        train=feed,
        watched={},
        training=spec.training,
        seed=0,
        accelerator=Accelerator(),
        start=start,
    )
    after = network.state_dict()
    moved = {name for name in after if not torch.equal(before[name], after[name])}
    assert {".".join(name.split(".")[:2]) for name in moved} == {
        "encoder.rest",
        "head.weight",
        "head.bias",
    }


class Normalised(nn.Module):
    """A network whose encoder keeps running means."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(64, 4), nn.BatchNorm1d(4))
        self.head = nn.Linear(4, 3)

    def forward(self, signal_BCT: Tensor, feature_BF: Tensor) -> Tensor:
        output: Tensor = self.head(self.encoder(signal_BCT))
        return output


@pytest.mark.parametrize("frozen", [(), ("encoder",)])
def test_frozen_means_running_means_too(
    cohort: Any, entry: Callable[..., Any], frozen: tuple[str, ...]
) -> None:
    spec = entry(epochs=1)
    _, task, feed = prepared(cohort, spec)
    network = Normalised()
    before = weights_digest(network.encoder.state_dict())
    fit(
        network,
        task,
        train=feed,
        watched={"validation": feed},
        training=spec.training,
        seed=0,
        accelerator=Accelerator(),
        start=Start(frozen=frozen),
    )
    assert (weights_digest(network.encoder.state_dict()) == before) is bool(frozen)


def test_nothing_left_to_train_is_an_error(cohort: Any, entry: Callable[..., Any]) -> None:
    spec = entry()
    network, task, feed = prepared(cohort, spec)
    with pytest.raises(ValueError, match="leaves nothing to train"):
        fit(
            network,
            task,
            train=feed,
            watched={},
            training=spec.training,
            seed=0,
            accelerator=Accelerator(),
            start=Start(frozen=("encoder", "head")),
        )


def test_the_cosine_falls_from_the_rate_to_nothing() -> None:
    training = Training(epochs=1, schedule="cosine", learning_rate=0.1)
    rates = [rate_at(step, 100, training) for step in range(101)]
    assert rates[0] == 0.1
    assert rates[50] == pytest.approx(0.05)
    assert rates[100] == pytest.approx(0.0)
    assert rates == sorted(rates, reverse=True)


def test_an_epoch_of_resampled_classes_is_as_long_as_asked(pretrained: Train) -> None:
    table = pq.read_table(pretrained(per_class=20, batch_size=15) / "history.parquet")
    assert sorted(set(table["step"].to_pylist())) == [4, 8]


def test_a_bootstrap_trains_on_another_draw_each_repeat(pretrained: Train) -> None:
    draws = {"a": (1.0, 0), "b": (1.0, 0), "c": (1.0, 1), "d": (None, 0)}
    digests = {}
    for name, (share, repeat) in draws.items():
        folder = pretrained(name, bootstrap=share, epochs=1, repeat=repeat)
        digests[name] = weights_digest(read_checkpoint(folder / "model.safetensors").tensors)
    assert digests["a"] == digests["b"]
    assert len(set(digests.values())) == 3


def test_a_state_holds_everything_and_nothing_is_unpickled(
    pretrained: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def banned(*arguments: Any, **named: Any) -> None:
        raise AssertionError("unpickled")

    monkeypatch.setattr(torch, "load", banned)
    monkeypatch.setattr(run_module, "save_state", stopping(save_state))
    with pytest.raises(KeyboardInterrupt):
        pretrained(keep="best_validation")
    monkeypatch.undo()
    monkeypatch.setattr(torch, "load", banned)
    (file,) = (tmp_path / "state").glob("*/state.safetensors")
    tensors, about = read_tensors(file)
    assert {name.split("/")[0] for name in tensors} == {"model", "kept", "optimiser"}
    assert about["progress"]["epoch"] == 1
    resumed = pretrained(keep="best_validation")
    assert weights(resumed) == weights(pretrained("calm", keep="best_validation"))


def stopping(save: Callable[..., None]) -> Callable[..., None]:
    def stop(*arguments: Any, **named: Any) -> None:
        save(*arguments, **named)
        raise KeyboardInterrupt

    return stop


def test_bf16_trains_and_keeps_weights_in_float32(pretrained: Train) -> None:
    folder = pretrained(epochs=6, precision="bf16", learning_rate=3e-3)
    tensors = read_checkpoint(folder / "model.safetensors").tensors
    assert {t.dtype for t in tensors.values()} == {torch.float32}
    values_at = history(folder)
    assert values_at[6, "train", "loss"] < values_at[1, "train", "loss"]


LSTM = {"name": "lstm", "units": 8, "hidden": [6]}


@pytest.mark.parametrize(
    ("model", "layer"),
    [
        (LSTM, "encoder.recurrent"),
        ({"name": "mean_ensemble", "members": [MODEL, LSTM]}, "encoder.1.recurrent"),
    ],
    ids=["lstm", "mean_ensemble"],
)
def test_bf16_trains_a_recurrent_layer_on_any_processor_and_the_card_says_how(
    pretrained: Train, model: Any, layer: str
) -> None:
    folder = pretrained(epochs=6, model=model, precision="bf16", learning_rate=1e-2)
    tensors = read_checkpoint(folder / "model.safetensors").tensors
    assert {t.dtype for t in tensors.values()} == {torch.float32}
    values_at = history(folder)
    assert values_at[6, "train", "loss"] < values_at[1, "train", "loss"]
    card = json.loads((folder / "card.json").read_text())
    able = torch.bfloat16 in Recurrent(1, 1).cpu_dtypes
    assert card["float32_layers"] == ([] if able else [layer])


def test_in_full_precision_no_layer_is_an_exception(pretrained: Train) -> None:
    folder = pretrained(epochs=1, model=LSTM)
    assert json.loads((folder / "card.json").read_text())["float32_layers"] == []


def test_tf32_changes_nothing_on_a_processor_and_the_card_says_so(pretrained: Train) -> None:
    folder = pretrained(epochs=1, precision="tf32")
    tensors = read_checkpoint(folder / "model.safetensors").tensors
    layers = json.loads((folder / "card.json").read_text())["float32_layers"]
    assert set(layers) == {name.rpartition(".")[0] for name in tensors}
    folder = pretrained(epochs=1)
    same = read_checkpoint(folder / "model.safetensors").tensors
    assert all(torch.equal(tensors[name], same[name]) for name in same)


@pytest.mark.parametrize("precision", ["no", "bf16", "tf32"])
def test_a_gpu_rounds_to_tf32_only_where_it_is_asked_for(precision: str) -> None:
    backends = torch.backends.cuda.matmul, torch.backends.cudnn
    for backend in backends:
        backend.allow_tf32 = precision != "tf32"
    deterministic(torch.device("cpu"), precision=precision)
    assert [b.allow_tf32 for b in backends] == [precision == "tf32"] * 2


def test_an_epoch_before_the_pruning_ends_is_never_the_best(
    cohort: Any, entry: Callable[..., Any]
) -> None:
    spec = entry(epochs=4, keep="best_validation", learning_rate=0.3)
    network, task, feed = prepared(cohort, spec)
    outcome = fit(
        network,
        task,
        train=feed,
        watched={"validation": feed},
        training=spec.training,
        seed=0,
        accelerator=Accelerator(),
        start=Start(pruning=Magnitude(Sparsity(final=0.5, end=30, every=10))),
    )
    assert outcome.progress.best_epoch is not None
    assert outcome.progress.best_epoch >= 3
    assert all((outcome.tensors[name][~mask] == 0).all() for name, mask in outcome.masks.items())


def test_the_card_says_what_the_numbers_hang_on(pretrained: Train, cohort: Any) -> None:
    import json

    folder = pretrained(repeat=2)
    card = json.loads((folder / "card.json").read_text("utf-8"))
    saved = read_checkpoint(folder / "model.safetensors")
    assert card["stage"] == "pretrain"
    assert (card["repeat"], card["seed"], card["epochs_run"]) == (2, 2, 2)
    assert card["parameters"] == sum(t.numel() for t in saved.tensors.values())
    assert card["weights_sha256"] == weights_digest(saved.tensors)
    assert card["split_digest"] == file_digest(cohort.honest)
    assert card["data"] == data_digest([cohort.segments])
    assert card["simulated"] is True
    assert card["wall_s"] > 0
    assert card["peak_memory_MB"] > 50
    assert card["versions"]["torch"] == torch.__version__


def test_folders_that_do_not_fit_together_are_refused(cohort: Any, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    meta = shards.Meta(
        spec={},
        manifest_digest="0",
        simulated=True,
        rate_hz=250.0,
        channels=("II",),
        samples=64,
        features=("rr_before",),
    )
    rows = shards.ShardRows(
        dataset="o",
        record="a",
        subject="a",
        lead="II",
        start_N=np.arange(1),
        valid_N=np.ones(1, np.int32),
        shape_hash_N=np.zeros(1, np.uint64),
        label_N=np.array(["N"], object),
        signal_NCT=np.zeros((1, 1, 64), np.float32),
        features={"rr_before": np.ones(1, np.float32)},
    )
    with shards.Writer(other, meta, 1) as writer:
        writer.write(rows)
    with pytest.raises(ValueError, match=r"other: rate_hz 250.0, but .*toy has 125.0"):
        pooled([cohort.segments, other])


@pytest.mark.parametrize("total", [7, 40, 333])
def test_one_cycle_is_that_of_torch(total: int) -> None:
    training = Training(epochs=1, schedule="one_cycle", learning_rate=0.3)
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)])
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, 0.3, total_steps=total, pct_start=0.15, cycle_momentum=False
    )
    expected = []
    for _ in range(total):
        expected.append(schedule.get_last_lr()[0])
        optimiser.step()
        if len(expected) < total:
            schedule.step()
    rates = [rate_at(step, total, training) for step in range(total)]
    assert rates == pytest.approx(expected)


def trained(
    cohort: Any,
    entry: Callable[..., Any],
    network: nn.Module,
    start: Start = AS_IT_IS,
    **changes: Any,
) -> tuple[Any, dict[str, float]]:
    """Train a network; return the outcome, and what its tensors measure on what was watched."""
    spec = entry(learning_rate=0.05, **changes)
    _, task, feed = prepared(cohort, spec)
    outcome = fit(
        network,
        task,
        train=feed,
        watched={"validation": feed},
        training=spec.training,
        seed=0,
        accelerator=Accelerator(),
        start=start,
    )
    network.load_state_dict(outcome.tensors)
    return outcome, measure(network, network, task, feed, seed=0)


def stepped(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Tensor]]:
    """Return where the network's tensors after each step will be found."""
    step, seen = loop._step, []

    def watched(run: Any, *arguments: Any) -> Tensor:
        loss = step(run, *arguments)
        seen.append(contiguous(run.network.state_dict()))
        return loss

    monkeypatch.setattr(loop, "_step", watched)
    return seen


@pytest.mark.parametrize("ema", [0.4, 0.99])
def test_the_average_of_the_weights_is_what_is_measured_and_published(
    cohort: Any, entry: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, ema: float
) -> None:
    network = Normalised()
    average = contiguous(network.state_dict())
    seen = stepped(monkeypatch)
    outcome, values = trained(cohort, entry, network, ema=ema)
    for step, tensors in enumerate(seen):
        keep = min(ema, (1 + step) / (10 + step))
        for name, tensor in tensors.items():
            mixed = keep * average[name].double() + (1 - keep) * tensor.double()
            average[name] = mixed if tensor.is_floating_point() else tensor
    assert len(seen) == 20
    for name, tensor in outcome.tensors.items():
        torch.testing.assert_close(tensor.double(), average[name].double(), rtol=1e-5, atol=1e-6)
    assert not torch.equal(outcome.tensors["head.weight"], seen[-1]["head.weight"])
    measured = {
        m: v for e, _, part, m, v in outcome.progress.history if (e, part) == (2, "validation")
    }
    assert measured == values


def test_an_average_changes_nothing_in_what_is_averaged(
    cohort: Any, entry: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    network = Normalised()
    begun = contiguous(network.state_dict())
    last = []
    for ema in (None, 0.9):
        network.load_state_dict(begun)
        with monkeypatch.context() as patch:
            seen = stepped(patch)
            trained(cohort, entry, network, ema=ema)
        last.append(weights_digest(seen[-1]))
    assert last[0] == last[1]


def test_the_best_average_is_kept(cohort: Any, entry: Callable[..., Any]) -> None:
    outcome, values = trained(
        cohort, entry, Normalised(), ema=0.8, epochs=5, keep="best_validation", monitor="macro_f1"
    )
    assert outcome.progress.best == values["macro_f1"]


@pytest.mark.parametrize("keep", ["last", "best_validation"])
def test_what_is_pruned_is_zero_in_the_average_too(
    cohort: Any, entry: Callable[..., Any], keep: str
) -> None:
    network, _, _ = prepared(cohort, entry())
    pruning = Magnitude(Sparsity(initial=0.1, final=0.5, end=18, every=3))
    outcome, _ = trained(cohort, entry, network, Start(pruning=pruning), ema=0.99, keep=keep)
    assert outcome.masks
    for name, mask in outcome.masks.items():
        assert (outcome.tensors[name][~mask] == 0).all()
        assert (outcome.tensors[name][mask] != 0).all()


def test_what_is_frozen_stays_to_the_bit_in_the_average_too(
    cohort: Any, entry: Callable[..., Any]
) -> None:
    network = Normalised()
    before = weights_digest(network.encoder.state_dict())
    trained(cohort, entry, network, Start(frozen=("encoder",)), ema=0.9)
    assert weights_digest(network.encoder.state_dict()) == before


@pytest.mark.parametrize("ending", ["signalled", "killed"])
def test_schedule_and_average_go_on_exactly(
    pretrained: Train,
    interrupted: Interrupt,
    tmp_path: Path,
    ending: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run_module, "LEAST_S", 0.0)  # the state of each epoch, however short
    options: dict[str, Any] = {
        "epochs": 4,
        "schedule": "one_cycle",
        "ema": 0.9,
        "learning_rate": 0.03,
        "optimiser": "adamw",
        "keep": "best_validation",
        "model": {**MODEL, "dropout": 0.2},
    }
    whole = pretrained("whole", **options)
    taken = interrupted(24, ending)  # the fourth step of the third epoch
    with pytest.raises(ENDINGS[ending]):
        pretrained("cut", **options)
    assert weights(pretrained("cut", **options)) == weights(whole)
    assert history(tmp_path / "cut") == history(whole)
    assert len(taken) == (40 if ending == "signalled" else 44)
    assert weights(pretrained("plain", **{**options, "ema": None})) != weights(whole)


def test_states_of_short_epochs_are_not_all_written(
    pretrained: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, before = [], run_module.save_state
    monkeypatch.setattr(
        run_module, "save_state", lambda *a, **k: (written.append(a[1].epoch), before(*a, **k))
    )
    monkeypatch.setattr(run_module, "LEAST_S", 3600.0)
    pretrained("short", epochs=4)
    assert written == [1]
    monkeypatch.setattr(run_module, "LEAST_S", 0.0)
    pretrained("long", epochs=4)
    # each before it is measured, too
    assert written[1:] == [0, 1, 1, 2, 2, 3, 3, 4]


@pytest.mark.parametrize("options", [{"ema": 0.0}, {"ema": 1.0}, {"schedule": "two_cycles"}])
def test_schedules_and_averages_that_are_none_are_config_errors(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Training(epochs=1, **options)


def test_a_task_is_told_which_items_a_network_learns_from(
    cohort: Any, entry: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    batch, flags = Classify.batch, []

    def watched(*arguments: Any, training: bool = False) -> Any:
        flags.append(training)
        return batch(*arguments, training=training)

    monkeypatch.setattr(Classify, "batch", watched)
    trained(cohort, entry, Normalised(), epochs=1)
    # ten batches of 32 to learn from; two of 256 to watch, at the end of the epoch and here
    assert flags == [True] * 10 + [False] * 4
