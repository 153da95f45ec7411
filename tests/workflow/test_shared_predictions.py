"""Evaluations that ask the very same are audited and predicted by one job, scored by their own."""

import copy

import pandas as pd
import pytest

from cardiograft.files import read_json

from .conftest import TINY, copied, lay

pytestmark = pytest.mark.xdist_group("workflow")

SCORED = {"tabulate transform_recognition", "report"}
USUAL = {"metrics": ["accuracy", "macro_f1"], "missing": "allowed"}
MORE = {"model": "grafted", **USUAL, "tags": {"init": "once more"}}
OWN = {"audit more", "predict more 0", "score more 0"}


def asking(more):
    """Return a change of config: one more evaluation, of which the study tells."""

    def change(config):
        config["evaluations"]["more"] = more
        config["tables"]["transform_recognition"]["evaluations"].append("more")

    return change


@pytest.fixture(scope="module")
def shared_once(finished, tmp_path_factory):
    """A finished workflow with one more evaluation, which had to be scored alone."""
    house = copied(finished, tmp_path_factory.mktemp("shared"))
    house.configure(asking(MORE))
    assert house.plan() == {"score more 0"} | SCORED
    house.snakemake()
    return house


@pytest.fixture
def shared(shared_once, tmp_path):
    return copied(shared_once, tmp_path)


@pytest.mark.parametrize("model", ["grafted", "majority"])
def test_two_that_count_otherwise_are_asked_once(model, tmp_path):
    config = copy.deepcopy(TINY)
    config["baselines"]["majority"]["split"] = "strict"  # whose recordings are in one part each
    asking({**MORE, "model": model, "per": "record"})(config)
    planned = lay(tmp_path / "house", config).plan()
    asks = "baseline" if model == "majority" else "predict"
    own = {job for job in planned if job.split()[1:2] in (["more"], [model])}
    assert own - {f"transfer {model} 0"} == {
        *(f"audit {model}", f"{asks} {model} 0"),
        *(f"score {model} 0", "score more 0"),
    }


def test_other_parts_are_asked_by_themselves(shared):
    shared.configure(lambda c: c["evaluations"]["more"].update(parts=["validation"]))
    assert shared.plan() == OWN | SCORED


def test_other_metrics_are_scored_alone(shared):
    shared.configure(lambda c: c["evaluations"]["more"].update(metrics=["kappa", "macro_f1"]))
    assert shared.plan() == {"score more 0"} | SCORED


def test_neither_order_nor_another_evaluation_moves_the_files(shared):
    def turn(config):
        config["evaluations"] = dict(reversed(config["evaluations"].items()))

    shared.configure(turn)
    assert shared.plan() == set()
    shared.configure(lambda c: c["evaluations"].update(a={**MORE, "parts": ["train"]}))
    assert shared.plan() == set()  # no table asks for it
    shared.configure(lambda c: c["evaluations"].update(b=MORE))
    assert shared.plan() == set()


def test_whoever_asks_otherwise_leaves_the_others_their_predictions(shared):
    """What the first is now asked has its name; the other, alone, has files of its own."""
    shared.configure(lambda c: c["evaluations"]["grafted"].update(chosen_on="untuned"))
    first = {"audit grafted", "predict grafted 0", "score grafted 0"}
    assert shared.plan() == first | OWN | SCORED


def test_tables_report_and_ledger_are_as_of_predictions_of_its_own(shared):
    results = shared.root / "results"
    assert not (results / "audits/more.json").exists()
    assert not (results / "predictions/more").exists()
    tables = results / "tables/transform_recognition"
    whole = pd.read_csv(tables / "scores.csv", keep_default_na=False).drop(columns="tag_init")
    looks = pd.read_csv(tables / "looks.csv", keep_default_na=False)
    for table in (whole, looks):
        own, other = (
            table[table["run"] == name].drop(columns="run").to_dict("records")
            for name in ("more", "grafted")
        )
        assert own
        assert own == other
    page = (results / "report.html").read_text("utf-8")
    assert read_json(results / "audits/grafted.json")["passed"]
    lineage = page.partition("Lineage: did any training")[2].partition("</table>")[0]
    assert "grafted" in lineage
    assert "more" in lineage
    ledger = (results / "looks.jsonl").read_text()
    assert len(ledger.splitlines()) == 3
    assert '"more"' not in ledger
    card = page.partition('id="card-more"')[2].partition('id="card-')[0]
    assert "has been looked at with" in card
    # made anew under its own name, there are the same bytes
    shared.configure(lambda c: c["evaluations"]["more"].update(chosen_on="untuned"))
    before = {f.name: f.read_bytes() for f in tables.glob("*.csv") if f.name != "looks.csv"}
    scores = (results / "scores/more/0.parquet").read_bytes()
    shared.snakemake("results/tables/transform_recognition")
    assert (results / "predictions/more/0.parquet").read_bytes() == (
        results / "predictions/grafted/0.parquet"
    ).read_bytes()
    assert (results / "scores/more/0.parquet").read_bytes() == scores
    assert {name: (tables / name).read_bytes() for name in before} == before
    assert (results / "looks.jsonl").read_text() == ledger
