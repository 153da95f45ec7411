"""The examples of docs/extending.md are plug-ins that keep their contracts, and its paths exist."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from overlays import merged

from cardiograft import plugins
from cardiograft.config.checks import load_config

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"```python\n# (src/\S+)\n(.*?)```", TEXT, flags=re.DOTALL))
CONTRACTS = "test_{kind}_contract.py"


def kind_of(path: str) -> str:
    room = Path(path).relative_to("src/cardiograft").parent.as_posix()
    return next(kind for kind, place in plugins.PLACES.items() if place == room)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package that holds the examples too."""
    source = tmp_path_factory.mktemp("extended")
    shutil.copytree(ROOT / "src", source / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for path, text in BLOCKS.items():
        (source / path).write_text(text, encoding="utf-8")
    return source / "src"


def test_there_is_an_example_of_each_kind_that_fits_a_page() -> None:
    kinds = {kind_of(path) for path in BLOCKS}
    assert kinds == {"datasets", "models", "views", "metrics", "baselines", "studies"}


@pytest.mark.parametrize("path", BLOCKS)
def test_an_example_keeps_its_contract(path: str, package: Path) -> None:
    kind, folder = kind_of(path), ROOT / "tests" / "contracts"
    files = [folder / CONTRACTS.format(kind=kind), folder / "test_room_docstrings.py"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", Path(path).stem]
        + [str(file) for file in files if file.exists()],
        env={**os.environ, "PYTHONPATH": str(package)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) >= 2  # type: ignore[index]


def test_its_paths_exist() -> None:
    named = set(re.findall(r"`((?:src|tests|workflow|docs)/[\w./]+)`", TEXT))
    assert len(named) > 20
    assert not [path for path in named if "<" not in path and not (ROOT / path).exists()]


def test_its_table_lists_every_kind() -> None:
    for place in plugins.PLACES.values():
        dotted = f"cardiograft.{place.replace('/', '.')}"
        assert f"| `src/cardiograft/{place}/` | `help({dotted})` |" in TEXT


def test_its_modules_are_called_where_it_says() -> None:
    job = (plugins.PACKAGE / "training" / "job.py").read_text(encoding="utf-8")
    loop = (plugins.PACKAGE / "training" / "loop.py").read_text(encoding="utf-8")
    assert "def fit(" in loop
    assert "fit(" in job


def test_the_learning_rate_of_one_run_is_changed_as_written() -> None:
    """And of no other: what is on top is laid on the row that the run stands in."""
    (text,) = re.findall(r"```yaml\n# faster.yaml\n(.*?)```", TEXT, flags=re.DOTALL)
    plain, faster = (load_config(merged(*more)) for more in ((), (yaml.safe_load(text),)))
    assert set(plain.pretrain) == set(faster.pretrain)
    changed = {n for n, run in faster.pretrain.items() if run != plain.pretrain[n]}
    assert changed == {"pretext-cnn-strict"}
    assert faster.pretrain["pretext-cnn-strict"].training.learning_rate == 0.003
    assert plain.transfer == faster.transfer


def test_one_evaluation_gets_one_more_metric_as_written() -> None:
    (text,) = re.findall(r"```yaml\n# one-more.yaml\n(.*?)```", TEXT, flags=re.DOTALL)
    plain, more = (load_config(merged(*one)) for one in ((), (yaml.safe_load(text),)))
    changed = {n for n, one in more.evaluations.items() if one != plain.evaluations[n]}
    assert changed == {"ptb-majority-subject"}
    before, after = (c.evaluations["ptb-majority-subject"].metrics for c in (plain, more))
    assert after[:-1] == before
    assert after[-1].name == "kappa"
    assert plain.baselines == more.baselines
