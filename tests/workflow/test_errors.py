"""A mistake in config ends in one line that names key, value and what is accepted."""

import pytest

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
    "patience without a figure": (
        at("transfer", "scratch", "training", "patience", value=3),
        ["transfer.scratch.training", "patience", "best_validation"],
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
    said = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(said) == 1, done.stderr
    assert not [word for word in words if word not in said[0]], said[0]
    assert not (house.root / "results").exists(), "a job ran"
