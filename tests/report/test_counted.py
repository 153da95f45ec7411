"""What pages say was counted stands in a file, and a command takes it from results again."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest
import yaml
from scripts import load

from cardiograft.report import counted

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs/results/counted"
PAGES = sorted((ROOT / "docs/studies").glob("*.md"))
SOURCES = {
    "a": {
        "best": {
            "how": "most",
            "take": [{"file": "r/h.parquet", "where": {"part": "validation", "metric": "f1"}}],
        },
        "short": {
            "how": "difference",
            "take": [{"number": 0.85}, {"file": "r/s.csv", "where": {"run": ["x", "y"]}}],
        },
        "MB": {"take": [{"file": "r/card.json", "at": ["sizes", "file"], "unit": 1000000}]},
    }
}


@pytest.fixture
def results(tmp_path: Path) -> Path:
    (tmp_path / "r").mkdir()
    history = {"part": ["validation", "validation", "train"], "metric": "f1"}
    pd.DataFrame({**history, "value": [0.91, 0.93, 0.99]}).to_parquet(tmp_path / "r/h.parquet")
    (tmp_path / "r/s.csv").write_text("run,value\nx,0.849\nz,0.1\n")
    (tmp_path / "r/card.json").write_text(json.dumps({"sizes": {"file": 2638446}}))
    return tmp_path


def taken(results: Path, sources: dict = SOURCES) -> dict[str, str]:
    file, out = results / "sources.yaml", results / "values.csv"
    file.write_text(yaml.safe_dump(sources))
    load("counted").count(results, file, out)
    return dict(counted.read(out)[["name", "value"]].to_numpy().tolist())


def test_values_are_taken_from_tables_histories_and_cards(results: Path) -> None:
    assert taken(results) == {"best": "0.93", "short": "0.001", "MB": "2.63845"}


def test_what_is_not_here_stays_as_it_was(results: Path) -> None:
    taken(results)
    (results / "r/card.json").unlink()
    (results / "r/s.csv").write_text("run,value\ny,0.84\n")
    assert taken(results) == {"best": "0.93", "short": "0.01", "MB": "2.63845"}


@pytest.mark.parametrize("runs", [["nobody"], ["x", "z"]])
def test_a_number_that_is_not_one_is_refused(results: Path, runs: list[str]) -> None:
    take = [{"file": "r/s.csv", "where": {"run": runs}}]
    with pytest.raises(ValueError, match=r"a: n: \d numbers, of which `only` can't be taken"):
        taken(results, {"a": {"n": {"take": take}}})


@pytest.mark.parametrize(
    ("text", "true"),
    [
        ("0.93<!--counted: best-->", True),
        (".9<!--counted: best-->", True),
        ("93.0 %<!--counted: best-->", True),
        ("0.94<!--counted: best-->", False),
        ("−0.02<!--counted: less-->", True),
        ("+0.02<!--counted: less-->", False),
        ("at most 6e-6<!--counted: tiny-->", True),
        ("5,644<!--counted: many--> half minutes", True),
        ("5,643<!--counted: many-->", False),
        ("0.93<!--counted: nothing-->", False),
    ],
)
def test_a_page_is_read_as_it_is_printed(text: str, true: bool) -> None:
    values = {"best": "0.93", "less": "-0.0226", "tiny": "5.9e-06", "many": "5644"}
    rows = [{"study": "a", "name": name, "value": value} for name, value in values.items()]
    assert (counted.untrue(text, "a", pd.DataFrame(rows)) == []) is true


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_what_a_page_says_was_counted_stands_in_the_file(page: Path) -> None:
    text = page.read_text("utf-8")
    assert counted.unnamed(text) == []
    assert text.count("<!--counted") == len(counted.MARK.findall(text))
    assert counted.untrue(text, page.stem, counted.read(FOLDER / "values.csv")) == []


def test_every_counted_value_is_on_its_page_and_has_a_source() -> None:
    sources = yaml.safe_load((FOLDER / "sources.yaml").read_text("utf-8"))
    known = {(study, name) for study, by_name in sources.items() for name in by_name}
    rows = counted.read(FOLDER / "values.csv")
    assert set(rows[["study", "name"]].itertuples(index=False, name=None)) == known
    printed = {
        (page.stem, name)
        for page in PAGES
        for name in re.findall(r"<!--counted: ([^<>]+)-->", page.read_text("utf-8"))
    }
    assert printed == known
