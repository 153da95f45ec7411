"""Change one thing, plan, and compare the jobs exactly."""

import json
import os
import shutil
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("workflow")

SCORED = {"tabulate transform_recognition", "report"}
MEASURED = {"cost transform_recognition"} | SCORED
SCRATCH = {"transfer scratch 0", "predict scratch 0", "score scratch 0"} | MEASURED
GRAFTED = {"transfer grafted 0", "predict grafted 0", "score grafted 0"} | MEASURED
PRUNED = {"prune pruned 0"} | GRAFTED
PRETEXT = {"pretrain pretext 0"} | PRUNED
NETWORKS = PRETEXT | SCRATCH


def test_nothing_changed(house):
    assert house.plan() == set()


def test_nothing_to_do_is_clean(house):
    done = house.snakemake()
    assert "Nothing to be done" in done.stdout + done.stderr


def test_learning_rate(house):
    house.configure(lambda c: c["transfer"]["scratch"]["training"].update(learning_rate=0.002))
    assert house.plan() == SCRATCH


def test_learning_rate_of_a_pretraining(house):
    house.configure(lambda c: c["pretrain"]["pretext"]["training"].update(learning_rate=0.002))
    assert house.plan() == PRETEXT


def test_final_sparsity(house):
    house.configure(lambda c: c["prune"]["pruned"]["sparsity"].update(final=0.5))
    assert house.plan() == PRUNED


def test_one_models_file(house):
    cnn = house.root / "src/cardiograft/models/cnn.py"
    cnn.write_text(cnn.read_text() + "\n\nSOMETHING_NEW = 1\n")
    assert house.plan() == NETWORKS


def test_another_models_file(house):
    shutil.copy(
        house.root / "src/cardiograft/models/cnn.py", house.root / "src/cardiograft/models/other.py"
    )
    assert house.plan() == set()


def test_layers(house):
    layers = house.root / "src/cardiograft/models/layers/convolution.py"
    layers.write_text(layers.read_text() + "\n\nSOMETHING_NEW = 1\n")
    assert house.plan() == NETWORKS


def test_comment_and_docstring(house):
    house.replace("src/cardiograft/models/layers/convolution.py", '"""', '"""Reworded. ')
    training = house.root / "src/cardiograft/training/loop.py"
    training.write_text(training.read_text() + "\n# A remark.\n")
    assert house.plan() == set()


def test_touched_files(house):
    for file in (house.root / "src").rglob("*.py"):
        os.utime(file)
    for file in (house.root / "workflow").rglob("*"):
        os.utime(file)
    assert house.plan() == set()


def test_key_order(house):
    def turn(config):
        for section in ("splits", "transfer", "segments"):
            for name, entry in config[section].items():
                config[section][name] = dict(reversed(entry.items()))
        config["transfer"] = dict(reversed(config["transfer"].items()))

    house.configure(turn)
    assert house.plan() == set()


def test_default_written_out(house):
    def write(config):
        config["transfer"]["scratch"]["training"].update(learning_rate=0.001, batch_size=64)
        config["segments"]["beats"]["cut"] = {"name": "kachuee"}

    house.configure(write)
    assert house.plan() == set()


def test_one_more_repeat(house):
    house.configure(lambda c: c["transfer"]["scratch"].update(repeats=2))
    assert house.plan() == {"transfer scratch 1", "predict scratch 1", "score scratch 1"} | SCORED


def test_new_entry_reuses_a_checkpoint(house):
    def add(config):
        config["transfer"]["again"] = {**config["transfer"]["grafted"], "tags": {"init": "again"}}
        config["evaluations"]["again"] = {"metrics": ["accuracy", "macro_f1"]}
        config["tables"]["transform_recognition"]["evaluations"].append("again")

    house.configure(add)
    own = {"transfer again 0", "audit again", "predict again 0", "score again 0"}
    assert house.plan() == own | MEASURED


def test_one_more_metric(house):
    house.configure(lambda c: c["evaluations"]["scratch"]["metrics"].append("kappa"))
    assert house.plan() == {"score scratch 0"} | SCORED


def test_one_metrics_file(house):
    file = house.root / "src/cardiograft/evaluation/metrics/macro_f1.py"
    file.write_text(file.read_text() + "\n\nSOMETHING_NEW = 1\n")
    scores = {f"score {entry} 0" for entry in ("scratch", "grafted", "majority")}
    assert house.plan() == scores | SCORED


def test_wording(house):
    file = house.root / "src/cardiograft/report/wording.py"
    file.write_text(file.read_text() + "\n\nSOMETHING_NEW = 1\n")
    assert house.plan() == {"report"}


def test_simulation(house):
    hearts = house.root / "src/cardiograft/datasets/simulation/hearts.py"
    hearts.write_text(hearts.read_text() + "\n\nSOMETHING_NEW = 1\n")
    assert "download mitdb" in house.plan()


@pytest.fixture(scope="session")
def real(finished, physionet, tmp_path_factory):
    """Two real records, downloaded from a directory mirror and cut."""
    root = tmp_path_factory.mktemp("real") / "house"
    shutil.copytree(finished.root, root)
    house = type(finished)(root)
    shutil.rmtree(root / "results")
    mirror = root / "mirror-1" / "mitdb" / "1.0.0"
    mirror.mkdir(parents=True)
    for file in (physionet / "mitdb" / "1.0.0").iterdir():
        if file.stem in ("RECORDS", "SHA256SUMS", "101", "106"):
            shutil.copy(file, mirror)
    (mirror / "RECORDS").write_text("101\n106\n")
    house.configure(lambda c: c.update(mirror="mirror-1"))
    house.configure(lambda c: c["databases"]["mitdb"].update(records=None))
    house.snakemake("results/segments/beats")
    return house


def test_another_mirror_with_the_same_bytes(real, tmp_path):
    root = tmp_path / "house"
    shutil.copytree(real.root, root)
    house = type(real)(root)
    shutil.copytree(root / "mirror-1", tmp_path / "mirror-2")
    house.configure(lambda c: c.update(mirror=str(Path("..") / "mirror-2")))
    assert house.plan("results/segments/beats") == set()


def test_another_mirror_with_other_bytes(real, tmp_path):
    root = tmp_path / "house"
    shutil.copytree(real.root, root)
    house = type(real)(root)
    other = tmp_path / "mirror-2"
    shutil.copytree(root / "mirror-1", other)
    (other / "mitdb" / "1.0.0" / "RECORDS").write_text("101\n")
    house.configure(lambda c: c.update(mirror=str(other)))
    assert house.plan("results/segments/beats") == {"download mitdb", "segment beats"}


def test_simulation_does_not_touch_real_recordings(real, tmp_path):
    root = tmp_path / "house"
    shutil.copytree(real.root, root)
    hearts = root / "src/cardiograft/datasets/simulation/hearts.py"
    hearts.write_text(hearts.read_text() + "\n\nSOMETHING_NEW = 1\n")
    assert type(real)(root).plan("results/segments/beats") == set()


def test_how_a_run_was_chosen(house):
    house.configure(lambda c: c["evaluations"]["scratch"].update(chosen_on="untuned"))
    assert house.plan() == {"audit scratch", "predict scratch 0", "score scratch 0"} | SCORED


def test_looks_are_in_a_ledger_that_makes_nothing_run_again(house):
    ledger = house.root / "results/looks.jsonl"
    before = ledger.read_text()
    looks = [json.loads(line) for line in before.splitlines()]
    assert {look["evaluation"] for look in looks} == {"scratch", "grafted", "majority"}
    assert len({look["weights_sha256"] for look in looks}) == 3
    with ledger.open("a") as lines:
        lines.write(json.dumps({**looks[0], "weights_sha256": "another"}) + "\n")
    assert house.plan() == set()
    added = ledger.read_text()
    house.snakemake("--forcerun", "predict", "--", "results/scores/scratch/0.parquet")
    assert ledger.read_text() == added
