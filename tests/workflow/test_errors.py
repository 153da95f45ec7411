"""A mistake in config ends in one line that names key, value and what is accepted."""

import copy
import shutil

import pytest

from .conftest import ROOT, TINY, lay

pytestmark = pytest.mark.xdist_group("errors")


def at(*path, value):
    def change(config):
        for key in path[:-1]:
            config = config[key]
        config[path[-1]] = value

    return change


MISTAKES = {
    "unknown key": (
        at("transfer", "scratch", "training", "learningrate", value=1),
        ["transfer.scratch.training", "learningrate", "Did you mean 'learning_rate'?"],
    ),
    "unknown section": (at("transfers", value={}), ["transfers", "Did you mean 'transfer'?"]),
    "misspelt model": (
        at("transfer", "scratch", "model", value="cnnn"),
        ["transfer.scratch.model", "'cnnn'", "Did you mean 'cnn'?"],
    ),
    "misspelt option of a model": (
        at("transfer", "scratch", "model", value={"name": "cnn", "dropuot": 0.1}),
        ["transfer.scratch.model", "'dropuot'", "dropout"],
    ),
    "misspelt data set": (
        at("databases", "mitdb", "dataset", value="mitbd"),
        ["databases.mitdb", "'mitbd'", "Did you mean 'mitdb'?"],
    ),
    "misspelt mirror": (at("mirror", value="simulatd"), ["mirror", "'simulatd'", "simulated"]),
    "missing mirror": (at("mirror", value="/no/such/folder"), ["mirror", "/no/such/folder"]),
    "unreachable mirror": (
        at("mirror", value="https://127.0.0.1:9/files"),
        ["mirror", "https://127.0.0.1:9/files"],
    ),
    "band edge": (
        at("segments", "beats", "signal", "filter", value={"low_hz": 0.5, "high_hz": 62.5}),
        ["segments.beats", "high_hz", "62.5", "125"],
    ),
    "missing split": (
        at("transfer", "scratch", "split", value="papr"),
        ["transfer.scratch.split", "'papr'", "Did you mean 'paper'?"],
    ),
    "missing source": (
        at("transfer", "grafted", "source", value="prund"),
        ["transfer.grafted", "'prund'", "Did you mean 'pruned'?"],
    ),
    "epoch chosen on test": (
        at("transfer", "grafted", "training", "keep", value="best_test"),
        ["transfer.grafted.training.keep", "best_test", "best_validation"],
    ),
    "patience without a part that measures the figure": (
        lambda c: c["transfer"]["scratch"]["training"].update(patience=3, monitor="macro_f1"),
        ["transfer.scratch.training", "patience", "'loss'", "'macro_f1'"],
    ),
    "frozen and with a rate": (
        lambda c: c["transfer"]["scratch"].update(
            frozen=["encoder"], rate_factors={"encoder": 0.1}
        ),
        ["transfer.scratch", "'encoder'", "frozen"],
    ),
    "more repeats than the source": (
        at("transfer", "grafted", "repeats", value=2),
        ["transfer.grafted.repeats", "2", "'pruned'"],
    ),
    "segments of one person on both sides, called honest": (
        at("splits", "paper", "protocol", value="honest"),
        ["splits.paper", "'segment'", "'paper'"],
    ),
    "no number": (
        at("segments", "beats", "rate_hz", value=float("inf")),
        ["segments.beats.rate_hz", "inf", "finite", "config.yaml"],
    ),
    "wrong type": (
        at("transfer", "scratch", "training", "epochs", value="many"),
        ["transfer.scratch.training.epochs", "'many'", "integer"],
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_one_line(name, tiny):
    change, words = MISTAKES[name]
    house = tiny
    house.configure(change)
    done = house.snakemake(check=False)
    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, done.stderr
    assert not [word for word in words if word not in lines[0]], lines[0]
    assert not (house.root / "results").exists(), "a job ran"


def one_line(done):
    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, done.stderr
    return lines[0]


def test_a_directory_mirror_without_the_database(tiny):
    tiny.configure(at("mirror", value="/usr"))
    done = tiny.snakemake(check=False)
    assert done.returncode != 0
    last = done.stderr.strip().splitlines()[-1]
    assert last == "config: mirror: '/usr' has no mitdb/1.0.0"
    assert "Traceback" not in done.stderr
    assert not (tiny.root / "results").exists(), "a job ran"


def test_a_key_that_stands_twice_in_a_file_on_top(tiny):
    tiny.root.joinpath("mine.yaml").write_text("seed: 1\nseed: 2\n")
    lines = one_line(tiny.snakemake("-n", "--configfile", "mine.yaml", check=False))
    assert "mine.yaml, line 2: the key 'seed' stands in line 1 too" in lines


def test_a_config_that_is_empty(tiny):
    tiny.config.write_text("")
    assert "config.yaml: empty" in one_line(tiny.snakemake("-n", check=False))


def test_any_folder_without_a_home(tmp_path, monkeypatch):
    """Braces, blanks and letters in the path, no place to write below HOME."""
    (tmp_path / "home").write_text("a file, where no folder can be made")
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    house = lay(tmp_path / "x {data} ü y", TINY)
    shutil.copytree(ROOT / "profiles", house.root / "profiles")
    house.snakemake("--", "results/manifests/mitdb.json")
    assert (house.root / "results/manifests/mitdb.json").is_file()


def test_a_data_set_of_ones_own_without_a_simulation(tmp_path):
    config = copy.deepcopy(TINY)
    config["databases"]["mitdb"] = {"dataset": "own"}
    config["mirror"] = str(tmp_path / "mirror")
    (tmp_path / "mirror/mitdb/1.0.0").mkdir(parents=True)
    (tmp_path / "mirror/mitdb/1.0.0/RECORDS").write_text("100\n")
    house = lay(tmp_path / "house", config)
    folder = house.root / "src/cardiograft/datasets"
    text = (folder / "mitdb.py").read_text()
    (folder / "own.py").write_text(text[: text.index("def simulate(")])
    assert "download mitdb" in house.plan()
    lines = one_line(house.snakemake("-n", "--config", "mirror=simulated", check=False))
    assert "databases.mitdb: datasets/own.py has no function 'simulate'" in lines
