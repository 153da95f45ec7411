"""Every run that a table names leads to a card that says what its values rest on."""

import html
import json
import re
from pathlib import Path

import findings
import pytest
from scripts import load
from synthetic import study, study_rows

from cardiograft.report.cells import Cell, Table
from cardiograft.report.inputs import ReportInputs, Study, read_study
from cardiograft.report.run_names import run_names
from cardiograft.report.sections import run_cards
from cardiograft.specs.report import Report

NAME = "transform_recognition"
RUN = "mitdb-cnn-pretext-strict"
LOOK = {"setting": "s", "weights_sha256": "w", "simulated": True}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    rows = {k: v for k, v in study_rows(repeats=2).items() if "paper" not in k}
    spec = study(rows=rows, comparisons=[], draws=20)
    return findings.write(tmp_path_factory.mktemp("cards"), spec=spec)


@pytest.fixture(scope="module")
def own(inputs: dict[str, list[Path]]) -> Study:
    return read_study(inputs["tables"][0])


def cards_of(own: Study, **given: object) -> dict[str, dict[str, object]]:
    every = run_cards.section(own, ReportInputs(studies=[own], **given), run_names(own))
    return {card["run"]: card for card in every}


def test_each_run_has_one_card_and_is_led_to_it(
    inputs: dict[str, list[Path]], own: Study, tmp_path: Path
) -> None:
    out = tmp_path / "report.html"
    load("report").report(Report(title="t", studies=(NAME,)), **inputs, out=out)
    page = out.read_text("utf-8")
    runs = {row["run"] for row in own.rows("scores")}
    assert RUN in runs
    for run in runs:
        assert page.count(f'<div id="card-{run}"') == 1
        assert page.count(f'<a href="#card-{run}">{run}</a>') > 1
    card = json.loads(next(p for p in inputs["cards"] if RUN in str(p)).read_text())
    shown = page.partition(f'<div id="card-{RUN}"')[2].partition("</details>")[0]
    assert f'data-value="{card["weights_sha256"]}"' in shown
    assert f"<td>{card['seed']}</td>" in shown


def test_a_card_says_where_and_how_often_its_run_was_tested(own: Study) -> None:
    (row, *_) = (r for r in own.rows("looks") if r["run"] == RUN)
    look = {**LOOK, "people_digest": row["people_digest"]}
    seen = [look, {**look, "weights_sha256": "v"}, {**look, "people_digest": "others"}]
    lines = cards_of(own, looks=seen)[RUN]["lines"]
    assert isinstance(lines, list)
    assert re.fullmatch(
        r"Honest protocol, split mitdb-strict: tested on 1.260 simulated segments of 14 people;"
        r" 2 repeats\.",
        lines[0],
    )
    assert lines[1].startswith("Chosen ")
    assert lines[2].startswith(f"Its test part ({row['people_digest'][:12]}) has been looked at")
    assert lines[2].endswith("with 2 networks of 1 setting so far.")


def test_a_card_counts_all_who_are_tested_and_recordings_where_these_count(own: Study) -> None:
    """Of a mean over classes the rarest class has fewer people; by recording no segment counts."""
    rarest = own.frame("scores").assign(subjects="3")
    few = Study(own.name, own.about, {**own.frames, "scores": rarest})
    (line, _, looked) = cards_of(few)[RUN]["lines"]  # type: ignore[misc]
    assert "of 14 people;" in line
    assert re.fullmatch(
        r"No look at its test part \(\w+\) is in the ledger of these results.", looked
    )
    row = next(r for r in few.rows("scores") if r["run"] == RUN and r["part"] == "test")
    (line,) = run_cards.tested({**row, "tag_per": "record"}, [{"people": "14"}])
    assert re.search(r"1.260 simulated recordings of 14 people", line)
    (line,) = run_cards.tested(row, [])
    assert "of 3 subjects" in line


def test_networks_are_those_of_every_member_and_all_that_led_to_them(own: Study) -> None:
    def lineage(*names: str) -> dict[str, object]:
        return {"findings": [{"stage": s, "ancestor": a} for s, a in (n.split("/") for n in names)]}

    audits = {
        "fold-A": lineage("transfer/fold-A", "pretrain/source-A"),
        "fold-B": lineage("transfer/fold-B", "pretrain/source-A"),
        "other": lineage("transfer/other"),
    }
    keys = ["transfer/fold-A/0", "transfer/fold-A/1", "transfer/fold-B/0", "pretrain/source-A/0"]
    cards = {
        (*key.split("/"),): {"data": {"beats": "d"}, "seed": k, "weights_sha256": f"{k}" * 64}
        for k, key in enumerate([*keys, "transfer/other/0"])
    }
    manifest = {"digest": "m" * 64, "version": "1.0.0"}
    given = {
        "audits": audits,
        "cards": cards,
        "manifests": {"mitdb": manifest, "ptbdb": {**manifest, "digest": "n"}},
        "segments": {"beats": {"manifest_digest": "m" * 64}},
    }
    plan = {"members": {NAME: {RUN: ["fold-A", "fold-B"]}}}
    table = cards_of(own, plan=plan, **given)[RUN]["table"]
    assert isinstance(table, Table)
    named = ["fold-A / 0", "fold-A / 1", "source-A / 0", "fold-B / 0"]
    assert [row[0].text for row in table.rows if isinstance(row[0], Cell)] == named
    data = {row[1].small for row in table.rows if isinstance(row[1], Cell)}
    assert data == {"mitdb 1.0.0 (mmmmmmmmmmmm)"}
    assert cards_of(own, **given)[RUN]["table"] is None


def test_a_name_with_markup_is_text_in_its_place_too() -> None:
    assert run_cards.card_id('<svg onload="x">/a b') == "card-_svg_onload__x___a_b"
    assert html.escape(run_cards.card_id("a&b")) == "card-a_b"
