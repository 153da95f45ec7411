"""What the page says of choices and looks comes from config and the ledger."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import findings
import pandas as pd
import pytest
from synthetic import run_predictions, study, study_rows

from cardiograft.evaluation import looks as ledger
from cardiograft.report import measured, measured_names
from cardiograft.report.inputs import ReportInputs, Study, read_study
from cardiograft.report.run_names import run_names
from cardiograft.report.sections import looks, provenance

STRICT = ("mitdb-cnn-scratch-strict", "mitdb-cnn-pretext-strict", "mitdb-majority-strict")
BEFORE = {"times": 5, "why": "earlier variants were scored there"}


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Study:
    rows: dict[str, dict[str, Any]] = study_rows()
    rows[STRICT[0]] |= {"chosen_on": "validation"}
    rows[STRICT[1]] |= {"chosen_on": "test", "looked_before": BEFORE}
    folder = tmp_path_factory.mktemp("looks")
    return read_study(findings.write(folder, spec=study(rows=rows))["tables"][0])


def look(row: Any, weights: str, setting: str, **changes: Any) -> dict[str, Any]:
    seen = {"people_digest": row["people_digest"], "weights_sha256": weights, "setting": setting}
    return {**seen, "split_digest": "any", "simulated": True, **changes}


def section(own: Study, *seen: dict[str, Any], unreadable: int = 0) -> dict[str, Any]:
    inputs = ReportInputs(studies=[own], looks=list(seen), unreadable_looks=unreadable)
    return looks.section(own, inputs, run_names(own))


def strict(own: Study) -> Any:
    return next(r for r in own.rows("looks") if r["run"] == STRICT[0])


def test_the_sentence_counts_how_runs_were_chosen(own: Study) -> None:
    text = " ".join(section(own)["lines"])
    assert "How the 3 runs on unseen subjects came to be chosen: 1 on a validation part," in text
    assert "1 on people who are tested, so that its value is flattered and 1 not said how." in text
    assert "Before the ledger, 5 times (mitdb-cnn-pretext-strict): earlier variants" in text
    assert "No look at a test part is in the ledger" in text


def test_means_are_counted_which_stand_in_no_ledger(own: Study) -> None:
    assert "mean" not in " ".join(section(own)["lines"])
    rows = own.frame("looks")
    rows = rows.assign(mean_of=["3" if run == STRICT[0] else "0" for run in rows["run"]])
    other = Study(own.name, own.about, {**own.frames, "looks": rows})
    text = " ".join(section(other)["lines"])
    assert "1 run is a mean of other runs’ predictions" in text


def test_runs_of_another_protocol_are_chosen_under_it(own: Study) -> None:
    rows = own.frame("looks").assign(protocol="personal")
    other = Study(own.name, own.about, {**own.frames, "looks": rows})
    (line, *_) = section(other)["lines"]
    assert line.startswith(f"How the {len(set(rows['run']))} runs under the personal protocol came")


def test_networks_and_settings_are_counted_on_the_people_tested(own: Study) -> None:
    row = strict(own)
    seen = [look(row, f"w{k}", f"s{k // 3}") for k in range(7)]
    others = [look(row, "w8", "s8", people_digest="others"), look(row, "w9", "s9", simulated=False)]
    made = section(own, *seen, *others, unreadable=1)
    text = " ".join(made["lines"])
    assert "On the 14 people whom mitdb-strict tests, 7 different models of 3 settings" in text
    assert "1 line of the ledger of looks can’t be read." in text
    cells = next(line for line in made["table"].rows if STRICT[0] in line[0].small)
    assert cells[3:6] == ["14", "7", "3"]
    assert section(own, *seen, look(row, "w0", "s0"))["lines"] == section(own, *seen)["lines"]


def test_epochs_that_a_training_scored_are_said(own: Study) -> None:
    row = strict(own)
    evaluated = [look(row, "kept", "s0"), look(row, "other", "s1")]
    about = {"training": "transfer/net", "repeat": 0}
    epochs = [look(row, f"e{k}", "s0", epoch=k + 1, **about) for k in range(4)]
    kept = look(row, "kept", "s0", epoch=5, **about)  # which is evaluated: one network
    again = [{**one, "repeat": 1, "weights_sha256": f"r{k}"} for k, one in enumerate(epochs)]
    made = section(own, *evaluated, *epochs, kept)
    assert (
        "6 different models of 2 settings have been scored so far in this folder of results,"
        " 5 of them after each epoch of 1 training that keeps the epoch that does best on these"
        " people."
    ) in " ".join(made["lines"])
    cells = next(line for line in made["table"].rows if STRICT[0] in line[0].small)
    assert (cells[4].text, cells[4].small) == ("6", "5 after epochs")
    text = " ".join(section(own, *evaluated, *epochs, kept, *again)["lines"])
    assert "10 different models of 2 settings" in text
    assert "9 of them after each epoch of 2 trainings that keep the epoch" in text
    assert "after each epoch" not in " ".join(section(own, *evaluated)["lines"])


def test_a_look_at_the_same_split_is_one_at_the_same_people(own: Study) -> None:
    """Of a ledger from before a person's second name was known, which has another digest."""
    row = {**strict(own), "split_digest": "one split"}
    inputs = ReportInputs(
        studies=[],
        looks=[
            look(row, "a", "s", people_digest="as they were called", split_digest="one split"),
            look(row, "b", "s", people_digest="as they were called", split_digest="another"),
        ],
    )
    assert looks.looks_of([row], inputs)["networks"] == 1


def test_the_lineage_says_after_how_many_epochs_the_test_part_was_read(own: Study) -> None:
    finding = dict.fromkeys(("subjects", "segments", "recordings", "noises"), 0)
    finding |= {"ancestor": "net", "stage": "transfer", "chosen_on_test": True}
    audit = {"protocol": "paper", "passed": False, "findings": [finding]}

    def text(*seen: dict[str, Any]) -> str:
        inputs = ReportInputs(studies=[own], audits={"net": audit}, looks=list(seen))
        table = provenance.audit_table(inputs)
        assert table
        return str(table.rows[0][2])

    assert text().endswith("its epoch was chosen on the test part")
    epochs = [
        look(strict(own), f"e{k}", "s", epoch=k, training=f"transfer/{name}")
        for k in range(3)
        for name in ("net", "other")
    ]
    assert text(*epochs).endswith("chosen on the test part, read after 3 epochs so far")


def test_the_tested_people_are_those_of_the_ledger(own: Study) -> None:
    spec = study()
    predicted = run_predictions(spec.rows[STRICT[0]], 0)
    about = {"split_digest": "any", "setting": "one"}
    seen = ledger.look(replace(predicted, about=about), evaluation="x", repeat=0, split="s")
    assert seen
    row = strict(own)
    assert (row["people_digest"], row["people"]) == (seen["people_digest"], str(seen["people"]))


def test_a_published_row_says_how_its_run_was_chosen(own: Study, tmp_path: Path) -> None:
    table = measured.table(own, {}, command="", commit="", simulated=True)
    of = table[table["run"] == STRICT[1]]
    assert set(of["chosen_on"].dropna()) == {"test"}
    older = tmp_path / "older.csv"
    table.drop(columns="chosen_on").to_csv(older, index=False)
    frame = measured.read(older)
    assert list(frame.columns) == list(measured_names.COLUMNS)
    assert set(frame["chosen_on"]) == {""}


def test_tables_from_before_the_ledger_have_a_page(own: Study) -> None:
    frames = {name: frame for name, frame in own.frames.items() if name != "looks"}
    made = section(Study(own.name, own.about, frames))
    assert made == {"lines": [], "table": None}
    assert isinstance(own.frame("looks"), pd.DataFrame)
