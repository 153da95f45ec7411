import base64
import hashlib
import html
import html.parser
import json
import re
import shutil
from pathlib import Path
from typing import Any

import findings
import pandas as pd
import pytest
from faults.names import unsealed
from scripts import load
from synthetic import study, study_rows

from cardiograft.report import headline, sentences, wording
from cardiograft.report.cells import LEAD, LONG, Table
from cardiograft.report.charts import dumbbells
from cardiograft.report.inputs import ReportInputs, Study, read_study
from cardiograft.report.page import lead
from cardiograft.report.run_names import run_names, run_title
from cardiograft.report.sections import classes, comparisons, ledgers, protocols
from cardiograft.specs.report import Report

script = load("report")
Inputs = dict[str, list[Path]]
NAME = "transform_recognition"
SCRIPT = "<script>alert('100')</script>"
VOID = {"meta", "link"}


def page_of(inputs: Inputs, folder: Path) -> str:
    out = folder / "report.html"
    spec = Report(title="Hearts & <b>numbers</b>", studies=(NAME,))
    script.report(spec, **inputs, out=out, command="snakemake --cores 8 -- results/report.html")
    return out.read_text("utf-8")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Inputs]:
    folder = tmp_path_factory.mktemp("report")
    return folder, findings.write(folder, record=SCRIPT)


@pytest.fixture
def inputs(base: tuple[Path, Inputs], tmp_path: Path) -> Inputs:
    """A copy to change."""
    shutil.copytree(base[0], tmp_path / "copy")
    return {
        name: [tmp_path / "copy" / path.relative_to(base[0]) for path in paths]
        for name, paths in base[1].items()
    }


@pytest.fixture(scope="module")
def page(base: tuple[Path, Inputs]) -> str:
    return page_of(base[1], base[0])


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> str:
    rows = {k: v for k, v in study_rows(simulated=False).items() if v["protocol"] == "honest"}
    spec = study(rows=rows, comparisons=[])
    folder = tmp_path_factory.mktemp("real")
    torch = ("2.12.0", "2.13.0")
    return page_of(findings.write(folder, spec=spec, simulated=False, torch=torch), folder)


class Elements(html.parser.HTMLParser):
    """Every element with its attributes; fails on a tag that does not fit."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None], tuple[str, ...]]] = []
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs), tuple(self.open)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs), tuple(self.open)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> in {self.open} {self.getpos()}"


@pytest.fixture(scope="module")
def elements(page: str) -> Elements:
    return Elements(page)


def text(page: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", page.partition("</style>")[2]))


def test_loads_nothing_and_runs_its_own_script_alone(page: str, elements: Elements) -> None:
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = (a["content"] for t, a, _ in elements.seen if a.get("http-equiv"))
    assert policy is not None
    assert policy.startswith(f"default-src 'none'; script-src 'sha256-{digest}'; ")
    assert "connect-src" not in policy
    assert [a for tag, a, _ in elements.seen if tag == "script"] == [{}]
    for tag, attributes, _ in elements.seen:
        assert tag not in {"iframe", "object", "embed", "img"}
        assert not any(name.startswith("on") for name in attributes)
        for name in ("href", "src", "data", "action"):
            assert (attributes.get(name) or "#").startswith(("#", "data:"))
    assert "@import" not in page
    assert "url(" not in page
    assert not re.search(r"(src|href)=.https?:", page)


def test_names_from_a_mirror_are_text(page: str) -> None:
    assert SCRIPT not in page
    assert html.escape(SCRIPT, quote=False).replace("'", "&#39;") in page
    assert "Hearts &amp; &lt;b&gt;numbers&lt;/b&gt;" in page


def test_a_run_or_class_with_markup_in_its_name_is_text(inputs: Inputs, tmp_path: Path) -> None:
    for name in ("scores", "gaps", "confusion", "records"):
        path = inputs["tables"][0] / f"{name}.csv"
        path.write_text(path.read_text().replace("cnn,", "<svg/onload=alert(1)>,"))
    unsealed(inputs["tables"][0] / "study.json")
    page = page_of(inputs, tmp_path)
    Elements(page)
    assert "<svg/onload" not in page
    assert "&lt;svg/onload=alert(1)&gt;" in page


def test_same_input_same_bytes_wherever_it_lies(page: str, inputs: Inputs, tmp_path: Path) -> None:
    assert page_of(inputs, tmp_path) == page
    assert str(tmp_path) not in page


def test_simulated_data_is_said_at_the_top_and_at_every_run(page: str, elements: Elements) -> None:
    body = page.partition("<body>")[2]
    assert body.index(wording.SIMULATED_BANNER) < body.index("<h1>")
    tables = re.findall(r'<table class="(?:central|grouped)">.*?</table>', page, re.DOTALL)
    assert tables
    for table in tables:
        for row in re.findall(r"<tbody>.*?</tbody>", table, re.DOTALL)[0].split("<tr")[1:]:
            assert '<span class="chip">simulated</span>' in row
    for caption in re.findall(r"<figcaption>(.*?)</figcaption>\n<svg class=.gaps", page):
        assert "simulated" in caption


def test_real_data_is_not_called_simulated(real: str) -> None:
    assert "simulated" not in text(real).lower()


def test_page_is_accessible(elements: Elements, page: str) -> None:
    tags = [tag for tag, _, _ in elements.seen]
    assert tags.count("h1") == tags.count("main") == 1
    assert tags.count("caption") == tags.count("table") > 10
    for tag, attributes, _ in elements.seen:
        if tag == "th":
            assert attributes["scope"] in {"col", "row"}
        if tag == "svg":
            assert attributes["role"] == "img"
            assert attributes["aria-label"]
        if tag == "a":
            assert f'id="{attributes["href"][1:]}"' in page
    ids = [a["id"] for _, a, _ in elements.seen if "id" in a]
    assert len(ids) == len(set(ids))
    assert dict(next(a for t, a, _ in elements.seen if t == "html"))["lang"] == "en"
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page


def test_first_screen_is_a_paragraph_a_row_a_study_and_few_sentences(page: str) -> None:
    header = page.partition("<header>")[2].partition("</header>")[0]
    assert "1 study, " in header
    assert "simulated recordings of mitdb" in header
    assert header.count("<tr") == 1 + 1
    assert re.findall(r'data-head="([^"]+)"', header) == list(headline.HEAD[1:])
    (claims,) = re.findall(r'<p class="claims">(.*?)</p>', header, re.DOTALL)
    assert claims.startswith("CNN, from scratch: accuracy ")
    assert "<ul>" not in header


def test_key_points_begin_with_the_largest_gap(page: str) -> None:
    start = page.index('class="key-points"')
    key = html.unescape(page[start : page.index("</ul>", start)])
    sizes = [float(n) for n in re.findall(r"(?:inflation of|gap of|worse by) [+−]?([\d.]+)", key)]
    assert len(sizes) > 1
    assert sizes == sorted(sizes, reverse=True)


def test_a_gap_of_too_few_subjects_comes_after_all_that_have_an_interval() -> None:
    gaps = [("-0.6", ""), ("0.1", "0.05"), ("", ""), ("-0.3", "-0.5"), ("0.7", "")]
    rows = comparisons.ordered([{"gap": gap, "low": low} for gap, low in gaps])
    assert [row["gap"] for row in rows] == ["-0.3", "0.1", "0.7", "-0.6", ""]


def test_tells_what_was_found(page: str) -> None:
    page_text = text(page)
    for words in (
        "Quarantined: 1 recording",
        "Subjects on both sides: 14",
        "3 flat, 14 past the end",
        "an inflation of",
        "Accuracy 92.3 % in the paper (Table 1); here",
        "Macro-F1 is ",
        "50.0 % of 320 parameters loaded",
        "Table 2 of the paper: test accuracy with pretext weights",
        "snakemake --cores 8 -- results/report.html",
        "head 3",
        "1 min 2 s",
    ):
        assert words in page_text, words


def test_mixed_versions_are_warned_of(page: str, real: str) -> None:
    assert "models of several versions of torch stand side by side: 2.12.0 in 2" in text(real)
    assert "Mixed versions" not in page


def test_a_comparison_calls_its_runs_by_their_names(base: tuple[Path, Inputs]) -> None:
    """And not by the values of their tags, which only config knows."""
    study_ = read_study(base[1]["tables"][0])
    made = comparisons.comparisons(study_, run_names(study_))
    assert any(row["to"] == "scratch" for _, row in made)
    for sentence, row in made:
        if (row["tag"], row["to"]) == ("init", "scratch"):
            assert "(from scratch)" in sentence
            assert "(scratch)" not in sentence


def test_recordings_that_are_not_listed_may_have_as_many_errors(tmp_path: Path) -> None:
    """Of recordings with one error each, those that a table leaves out have no fewer."""
    inputs_ = findings.write(tmp_path, spec=study(comparisons=[], draws=20))
    study_ = read_study(inputs_["tables"][0])
    (run, *_) = study_.frame("records")["run"]
    row = {"run": run, "part": "test", "true": "N", "predicted": "V", "count": "1"}
    rows = pd.DataFrame([{**row, "record": f"mitdb/{n}"} for n in range(1_308)])
    few = Study(study_.name, study_.about, {**study_.frames, "records": rows})
    (table,) = classes.record_tables(few, run_names(few))
    assert len(table.rows) == 8
    assert table.note == "and 1\u202f300 others, none with more errors"


def test_a_training_of_one_epoch_is_a_dot() -> None:
    """A line of one point is not drawn."""
    one = [{"part": "train", "x": [1], "y": [0.4]}]
    assert 'class="curve one train" points="50.0,2.0 50.0,2.0"' in dumbbells.curve(one, title="t")
    two = [{"part": "train", "x": [1, 2], "y": [0.4, 0.2]}]
    assert 'class="curve train" points="0.0,2.0 100.0,30.0"' in dumbbells.curve(two, title="t")


def test_a_comparison_without_p_is_no_family(base: tuple[Path, Inputs]) -> None:
    """Of too few subjects there is no p, and so nothing that Holm's correction is of."""
    study_ = read_study(base[1]["tables"][0])
    rows = study_.frame("comparisons").assign(question="help", p="", p_holm="", family="0")
    about = {**study_.about, "questions": {"help": "Does it help?"}}
    few = Study(study_.name, about, {**study_.frames, "comparisons": rows})
    assert comparisons.questions(few) == []
    table = comparisons.comparison_table(few, run_names(few))
    assert table
    holm = {str(line[table.head.index("p, Holm")].small) for line in table.rows}  # type: ignore[union-attr]
    assert holm == {""}
    many = Study(study_.name, about, {**study_.frames, "comparisons": rows.assign(family="3")})
    assert comparisons.questions(many) == ["Does it help? (3 comparisons)"]


def test_what_was_generated_is_no_recording() -> None:
    accepted, out = {"status": "accepted"}, {"status": "quarantined"}
    real = {"simulated": False, "records": [accepted, accepted, out]}
    fractals = {"simulated": False, "generated": True, "records": [accepted] * 7}
    inputs = ReportInputs(studies=[], manifests={"mitdb": real, "fractals": fractals})
    assert "from 2 recordings of mitdb, and from 7 generated items of fractals," in lead(inputs)
    inputs = ReportInputs(studies=[], manifests={"mitdb": real})
    assert "from 2 recordings of mitdb, cut into" in lead(inputs)


def test_what_was_generated_needs_no_fingerprint() -> None:
    findings_ = [
        {"stage": "pretrain", "ancestor": "pictures", "no_fingerprint": 35_000},
        {"stage": "transfer", "ancestor": "net", "no_fingerprint": 7},
    ]
    cards = {
        ("pretrain", "pictures", "0"): {"data": {"fractals": "d"}},
        ("transfer", "net", "0"): {"data": {"beats": "d"}},
    }
    inputs = ReportInputs(studies=[], cards=cards, segments={"fractals": {"generated": True}})
    (line,) = protocols.unknown([{"findings": findings_}], inputs)
    assert "without a fingerprint, up to 7:" in line
    assert protocols.unknown([{"findings": findings_[:1]}], inputs) == []


def test_a_study_with_one_protocol_and_no_comparison_has_a_page(real: str) -> None:
    Elements(real)
    assert "Comparisons" not in real
    assert 'class="central"' not in real


def test_studies_come_in_the_order_asked_for_and_are_all_there(
    inputs: Inputs, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=f"no tables of study 'other' \\(has {NAME}\\)"):
        script.report(Report(title="t", studies=("other",)), **inputs, out=tmp_path / "r.html")
    assert not (tmp_path / "r.html").exists()


def test_broken_input_is_named(inputs: Inputs, tmp_path: Path) -> None:
    inputs["manifests"][0].write_text("[1]")
    with pytest.raises(ValueError, match=r"mitdb\.json: not a JSON object"):
        script.report(Report(title="t", studies=(NAME,)), **inputs, out=tmp_path / "r.html")


METRIC = {"title": "Macro-F1", "percent": False, "lower_is_better": False}
ERROR = {"title": "PRD", "percent": False, "lower_is_better": True}
PAIR = {
    "protocol": "honest",
    "split": "s",
    "of": "pretext",
    "to": "scratch",
    "class": "",
    "of_value": 0.6,
    "to_value": 0.5,
    "difference": 0.1,
    "low": 0.05,
    "high": 0.15,
    "p_holm": 0.01,
}


@pytest.mark.parametrize(
    ("change", "metric", "ends"),
    [
        ({}, METRIC, "+0.100 [+0.050, +0.150]: the first is better (p = 0.010 after Holm)."),
        ({}, ERROR, "the first is worse (p = 0.010 after Holm)."),
        ({"low": -0.01}, METRIC, "+0.100 [−0.010, +0.150]: no difference shown."),
        ({"low": 0.0}, METRIC, "no difference shown."),
        ({"p_holm": 0.2}, METRIC, "the corrected p (0.200) does not, no difference shown."),
        ({"low": "", "high": ""}, METRIC, "+0.100: too few subjects for an interval, so nothing"),
        ({"p_holm": 0.0001}, METRIC, "the first is better (p < 0.001 after Holm)."),
        (
            {"difference": -0.1, "low": -0.2, "high": -0.05},
            METRIC,
            "−0.100 [−0.200, −0.050]: the first is worse (p = 0.010 after Holm).",
        ),
        (
            {"low": -0.01, "detectable": 0.12, "subjects": 22},
            METRIC,
            "no difference shown (22 subjects show in four studies of five one of 0.120 or more).",
        ),
        (
            {"low": -0.01, "detectable": "inf", "subjects": 5},
            METRIC,
            "no difference shown (5 subjects are too few to show any, however large).",
        ),
        (
            {
                **{"p_holm": 0.2, "detectable": 0.12, "subjects": 22, "equivalent": "yes"},
                **{"margin": 0.2, "within_low": 0.06, "within_high": 0.14},
            },
            METRIC,
            "of 0.120 or more; equivalent within ±0.200 [+0.060, +0.140]).",
        ),
        (
            {
                **{"low": -0.01, "equivalent": "not shown", "margin": 0.02},
                **{"within_low": 0.0, "within_high": 0.14},
            },
            {**METRIC, "percent": True},
            "no difference shown (equivalence not shown within ±2.0 points [0.0, +14.0]).",
        ),
    ],
)
def test_comparison_claims_what_the_numbers_show(
    change: dict[str, Any], metric: dict[str, Any], ends: str
) -> None:
    sides = ("pretext weights", "random weights")
    row = {**PAIR, **change}
    shown = sentences.comparison(row, metric, "cnn", sides=sides, level=0.95)
    assert ends in shown
    assert " (pretext weights) against " in shown
    assert " (random weights)" in shown


GAP = {
    "class": "",
    "paper_split": "loose",
    "honest_split": "strict",
    "paper": 0.99,
    "honest": 0.9,
    "gap": 0.09,
}


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        ((0.05, 0.13), "an inflation of 9.0 points [5.0, 13.0]."),
        ((-0.01, 0.13), "a gap of +9.0 points [−1.0, +13.0], no inflation shown."),
        (("", ""), "a gap of +9.0 points; too few subjects for an interval"),
        ((-0.13, -0.05), "no inflation, the paper’s protocol is worse by 9.0 points [5.0, 13.0]."),
    ],
)
def test_gap_claims_what_the_numbers_show(ends: tuple[Any, Any], words: str) -> None:
    metric = {"title": "Accuracy", "percent": True, "lower_is_better": False}
    row = {**GAP, "low": ends[0], "high": ends[1]}
    if words.startswith("no"):
        row["gap"] = -0.09
    assert words in sentences.gap(row, metric, "cnn")


@pytest.mark.parametrize(
    ("value", "options", "shown"),
    [
        (0.91234, {}, "0.912"),
        ("0.91234", {"percent": True}, "91.2 %"),
        (-0.0001, {}, "0.000"),
        (-0.05, {"signed": True}, "−0.050"),
        (0.05, {"signed": True, "percent": True}, "+5.0"),
        ("", {}, "–"),
        (float("nan"), {}, "–"),
    ],
)
def test_number(value: Any, options: dict[str, bool], shown: str) -> None:
    assert wording.number(value, **options) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(3.21, "3.2 s"), (41.7, "42 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")]
)
def test_seconds(value: float, shown: str) -> None:
    assert wording.seconds(value) == shown


@pytest.mark.parametrize(("low", "high"), [(0.82, 0.97), (-0.2, 0.4), (0.5, 0.5), (0, 130.0)])
def test_ticks_span_what_they_should(low: float, high: float) -> None:
    marks = dumbbells.ticks(low, high)
    assert marks[0] <= low
    assert marks[-1] >= high
    assert 1 < len(marks) <= 6 or low == high


def test_marks_lie_on_the_axis(page: str) -> None:
    places = re.findall(r'(?:cx|x1|x2)="(-?[\d.]+)%"', page)
    assert len(places) > 50
    assert all(dumbbells.LEFT - 0.01 <= float(p) <= dumbbells.RIGHT + 0.01 for p in places)


def test_spec_is_light() -> None:
    assert Report.model_validate_json(json.dumps({"title": "t", "studies": ["a"]})).studies == (
        "a",
    )


@pytest.mark.parametrize("percent", [False, True])
def test_no_two_ticks_read_alike(percent: bool) -> None:
    ends = {f"{p}_{e}": "" for p in ("paper", "honest") for e in ("low", "high")}
    for low, high in ((0.9871, 0.9902), (0.2, 0.95), (0.90, 0.91), (-0.004, 0.003)):
        drawn = dumbbells.gaps(
            [{"label": "x", "paper": high, "honest": low, **ends}], title="t", percent=percent
        )
        ticks = re.findall(r'class="tick"[^>]*>([^<]*)<', drawn)
        assert len(ticks) == len(set(ticks)) > 1


def test_who_a_figure_leaves_out_is_shown_run_by_run(tmp_path: Path) -> None:
    rows = study_rows()
    metrics = [
        *rows["mitdb-cnn-scratch-strict"]["metrics"],
        {"name": "kappa", "without": ["mitdb/203"]},
    ]
    rows = {k: {**v, "metrics": metrics} for k, v in rows.items() if k.startswith("mitdb-cnn")}
    page = page_of(findings.write(tmp_path, spec=study(rows=rows)), tmp_path)
    table = page.split("<caption>Recording mitdb/203, run by run")[1].split("</table>")[0]
    assert len(re.findall("<tr>", table)) == 1 + len(rows)
    counts = pd.read_csv(tmp_path / "tables/transform_recognition/records.csv")
    own = counts[(counts["record"] == "mitdb/203") & (counts["run"] == "mitdb-cnn-scratch-strict")]
    for true, predicted, count in own[["true", "predicted", "count"]].itertuples(index=False):
        assert f"{true} as {predicted}" in table
        assert f">{wording.mean_count(count)}<" in table


def test_a_class_that_the_test_part_lacks_is_named_in_every_table(
    inputs: Inputs, tmp_path: Path
) -> None:
    scores = inputs["tables"][0] / "scores.csv"
    run = "mitdb-majority-strict"
    frame = pd.read_csv(scores, dtype=str, keep_default_na=False)
    assert not frame["missing_classes"].any()
    assert "segments in the test part" not in page_of(inputs, tmp_path)
    frame.loc[frame["run"] == run, "missing_classes"] = "S"
    frame.to_csv(scores, index=False)
    unsealed(scores.with_name("study.json"))
    page = page_of(inputs, tmp_path)
    warning = '<small class="warning">no S segments in the test part</small>'
    own = [row for row in page.split("<tr") if run in row and "paper_run" not in row]
    named = [row for row in own if warning in row]
    # Scores over all classes, by class, and beside the paper's protocol.
    assert len(named) > 6
    for row in named:
        assert row.count(warning) >= 1


def test_a_long_table_shows_its_first_rows_and_folds_the_rest() -> None:
    rows = [[str(k)] for k in range(LONG + 1)]
    short, long = (Table(caption="c", head=("h",), rows=some) for some in (rows[:LONG], rows))
    assert (short.lead, list(short.rest)) == (rows[:LONG], [])
    assert len(long.lead) == LEAD
    assert [*long.lead, *long.rest] == rows


def test_what_protocols_are_depends_on_the_runs(page: str, real: str) -> None:
    page_text, honest = text(page), text(real)
    assert "The inflation gap is the score" in page_text
    assert "The inflation gap is the score" not in honest
    assert "Two protocols, and the gap between them" not in honest
    assert "findings are counted" not in honest
    assert "Counted in 2 of 2 splits: subjects on both sides 28," in page_text
    assert "1 of 1 audited splits have no subject on both sides." in honest


@pytest.mark.parametrize(
    ("tags", "title"),
    [
        ({"model": "cnn", "init": "scratch", "per": "record"}, "CNN, from scratch, per record"),
        ({"init": "scratch", "model": "cnn"}, "CNN, from scratch"),
        ({"model": "unet", "inputs": "3 axes", "init": "none"}, "U-Net, 3 axes"),
        ({"model": "rhythm_forest", "init": "none"}, "Random forest on rhythm"),
        ({"model": "cae", "init": "tcn", "steps": "usual"}, "Autoencoder, from TCN weights"),
        ({"model": "vit"}, "Vit"),
        ({"model": "unet, mean of 6"}, "U-Net, mean of 6"),
        ({"model": "crnn and boosting"}, "CRNN and boosting"),
        ({}, ""),
    ],
)
def test_runs_are_named_as_a_reader_says_them(tags: dict[str, str], title: str) -> None:
    words = {"init": {"else": "from {} weights"}}
    assert run_title(tags, usual={"steps": "usual"}, words=words) == title


def test_rows_of_a_table_are_made_once(base: tuple[Path, Inputs]) -> None:
    own = read_study(base[1]["tables"][0])
    assert own.rows("scores") is own.rows("scores")
    assert len(own.rows("scores")) == len(own.frame("scores"))
    assert list(own.rows("no such table")) == []


@pytest.mark.parametrize(
    ("value", "how", "shown"),
    [
        ("13927041", "count", "13\u202f927\u202f041"),
        ("0.9038", "percent:2", "90.38 %"),
        ("0.25", "percent", "25.0 %"),
        ("0.01404", "number:4", "0.0140"),
        ("-0.0001", "number:3", "0.000"),
        ("", "number:2", "–"),
        ("before", "text", "before"),
    ],
)
def test_a_column_is_printed_in_its_format(value: str, how: str, shown: str) -> None:
    assert wording.formatted(value, how) == shown


def test_a_studys_own_table_is_printed_in_its_formats(page: str) -> None:
    table = page.split("<caption>Table 1 of the paper")[1].split("</table>")[0]
    assert "90.38 %" in table
    assert re.search(r"<td[^>]*>\d\d\.\d\d %<small>mitdb-strict, simulated</small></td>", table)
    assert "missing_classes" not in table


def test_a_ledger_says_in_what_its_source_differs(tmp_path):
    line = {"shape": [3, 6], "entry": "first", "source": "head.weight", "tensor": "head.weight"}
    ledger = {
        "parameters": 18,
        "mapped": 18,
        "loaded": 12,
        "share_of_mapped": 2 / 3,
        "share_of_all": 2 / 3,
        "tensors": [
            {**line, "parameters": 12, "state": "loaded", "why": "", "part": "outputs N, V"},
            {**line, "parameters": 6, "state": "skipped", "why": "new", "part": "outputs <S>"},
        ],
        "unused": [
            {"entry": "first", "source": "head.weight", "part": "outputs Q", "why": "no such name"}
        ],
        "sources": [
            {
                "entry": "first",
                "differences": [
                    {"what": "rate_hz", "source": "360", "here": "125", "done": "as they are"}
                ],
            }
        ],
    }
    none = {**ledger, "loaded": 0, "mapped": 0, "share_of_all": 0.0, "sources": [], "tensors": []}
    key = ("transfer", "second", "0")
    inputs = ReportInputs(studies=[], ledgers={key: ledger, ("transfer", "scratch", "0"): none})
    (shown,) = ledgers.ledgers(inputs)
    assert shown["caption"] == "second: 66.7 % of 18 parameters loaded"
    assert shown["differences"] == ["first, rate in Hz: 360 there, 125 here; as they are"]
    rows = shown["table"].rows
    assert [row[0].small for row in rows[:2]] == ["outputs N, V", "outputs <S>"]
    assert rows[2][3].text == "unused"
    assert rows[2][4] == "first: head.weight (outputs Q)"
    (nothing,) = ledgers.ledgers(ReportInputs(studies=[], ledgers={key: {**ledger, "loaded": 0}}))
    assert nothing["table"].rows
