"""The study of SCG to ECG: its tables, its gains, and its page."""

import html
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import signal_study
from scripts import load

from cardiograft.config.checks import load_config
from cardiograft.config.plan import Plan
from cardiograft.config.study_plan import StudyPlan
from cardiograft.report import sentences
from cardiograft.report.charts.plane import Plane
from cardiograft.report.inputs import read_study
from cardiograft.report.run_names import RunNames, run_names
from cardiograft.report.sections import gains, signals
from cardiograft.specs.report import Report
from cardiograft.studies import _scg_to_ecg, scg_to_ecg
from cardiograft.tables import published

report = load("report")
SOURCES = ("scratch", "cae", "tcn")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    rows = signal_study.rows(sources=SOURCES, repeats=1)
    return signal_study.tables(folder, signal_study.study(rows=rows, draws=100))


def frame(made: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(made / f"{name}.csv", keep_default_na=False, na_values=[""])


def page_of(folder: Path, out: Path) -> str:
    spec = Report(title="t", studies=(scg_to_ecg.__name__.split(".")[-1],))
    report.report(spec, [folder], [], [], [], [], [], [], [], out)
    return out.read_text("utf-8")


@pytest.fixture(scope="module")
def page(made: Path) -> str:
    return page_of(made, made.parent / "report.html")


# Gains.


def test_gain_is_relative_to_the_same_network_from_scratch(made: Path) -> None:
    table, scores = frame(made, "gains"), frame(made, "scores")
    value = scores[scores["part"] == "test"].set_index(["run", "metric"])["value"]
    assert len(table)
    assert table["not_relative"].isna().all()
    for row in table.to_dict("records"):
        ours, base = value[row["run"], row["metric"]], value[row["base_run"], row["metric"]]
        sign = -1 if row["metric"] in ("prd", "mae", "mse") else 1
        assert row["gain"] == pytest.approx(sign * (ours - base) / base)
        assert row["low"] < row["gain"] < row["high"] or row["low"] == row["high"]


def test_gains_pair_runs_of_one_protocol(made: Path) -> None:
    table = frame(made, "gains")
    pairs = set(table[["run", "base_run", "against"]].itertuples(index=False, name=None))
    bases = {"equal steps": "scratch", "matched compute": "longer"}
    expected = {
        (f"scg-cae-{source}{pruned}-{protocol}", f"scg-cae-{base}-{protocol}", against)
        for source in SOURCES[1:]
        for pruned in ("", "-pruned")
        for protocol in ("paper", "honest")
        for against, base in bases.items()
    }
    assert pairs == expected


def test_the_papers_gain_is_of_pruned_transfers_in_pearson(made: Path) -> None:
    table = frame(made, "gains").dropna(subset=["paper"])
    known = set(table[["tag_init", "tag_pruning", "metric", "paper"]].itertuples(index=False))
    assert {tuple(k) for k in known} == {
        ("cae", "magnitude", "pearson", 0.143),
        ("tcn", "magnitude", "pearson", 0.133),
    }
    assert set(table["against"]) == {"equal steps"}


def test_a_base_ignores_its_own_tags_alone() -> None:
    transfer = {"init": "cae", "pruning": "magnitude", "steps": "a transfer’s", "inputs": "z axis"}
    longer = {**transfer, "init": "scratch", "pruning": "none", "steps": "a pretraining’s added"}
    scratch = {**longer, "steps": "a transfer’s"}
    rules = scg_to_ecg.GAINS
    for base, to, other in (
        ("equal steps", scratch, longer),
        ("matched compute", longer, scratch),
    ):
        assert rules.from_base(base, transfer, to)
        assert not rules.from_base(base, transfer, other)
        assert not rules.from_base(base, transfer, {**to, "inputs": "3 axes"})
        assert not rules.from_base(base, scratch, to)


# Tables.

ROW = {
    "run": "r",
    "protocol": "honest",
    "split": "s",
    "part": "test",
    "class": "",
    "simulated": False,
    "low": 0.1,
    "high": 0.5,
}


def scores(**values: dict[str, Any]) -> pd.DataFrame:
    """Return rows, each the tags and metrics of a run."""
    rows = []
    for run, values_of in values.items():
        metrics = {k: v for k, v in values_of.items() if k in _scg_to_ecg.BESIDE}
        tags = {
            **scg_to_ecg.USUAL,
            **{k: v for k, v in values_of.items() if k not in (*metrics, "protocol")},
        }
        place = {"protocol": values_of.get("protocol", "honest")}
        for metric, value in metrics.items():
            rows.append(
                {
                    **ROW,
                    **place,
                    **{f"tag_{k}": v for k, v in tags.items()},
                    **{"run": run, "metric": metric, "value": value},
                }
            )
    return pd.DataFrame(rows)


COSTS = pd.DataFrame(columns=["stage", "sources", "model", "entry", "pruning"])


def test_controls_stand_beside_the_run_they_spoil() -> None:
    net = {"model": "cae", "init": "scratch", "pearson": 0.46}
    given = scores(
        net=net,
        other={**net, "init": "tcn", "pearson": 0.5},
    )
    corrupted = [
        given[given["run"] == "net"].assign(part=part, value=value)
        for part, value in {"test, shuffled": 0.01, "test, phase": -0.0004}.items()
    ]
    given = pd.concat([given, *corrupted])
    (line,) = scg_to_ecg.tables(given, COSTS)["hallucination"].frame.to_dict("records")
    assert line["Run"] == "net"
    assert [line[f"As recorded{end}"] for end in ("", " low", " high")] == [0.46, 0.1, 0.5]
    assert (line["Shuffled"], line["Phase noise"]) == (0.01, -0.0004)
    assert np.isnan(line["Another’s"])


def test_baselines_stand_beside_the_best_network_that_met_nobody() -> None:
    given = scores(
        mean={"model": "mean_beat", "init": "none", "pearson": 0.2, "prd": 111.0},
        net={"model": "cae", "init": "scratch", "pearson": 0.4, "peak_sensitivity": 0.87},
        best={"model": "unet", "init": "scratch", "pearson": 0.5},
        met={"model": "unet", "init": "scratch", "calibration": "60 s", "pearson": 0.9},
        alone={"model": "unet", "init": "scratch", "protocol": "paper", "pearson": 0.9},
    )
    table = scg_to_ecg.tables(given, COSTS)["baselines"].frame
    assert table["Run"].tolist() == ["mean", "best"]
    assert np.isnan(table["PRD"].tolist()[1])


def test_training_part_stands_above_the_test_part_below_the_papers() -> None:
    net = {"model": "cae", "init": "scratch", "pearson": 0.4, "prd": 88.88, "peak_sensitivity": 0.9}
    given = scores(net=net, alone={**net, "init": "tcn"})
    train = given[given["run"] == "net"].assign(part="train", value=0.75)
    shuffled = given[given["run"] == "alone"].assign(part="test, shuffled")
    table = scg_to_ecg.tables(pd.concat([given, train, shuffled]), COSTS)["parts"].frame
    paper, paper_test, *ours = table.to_dict("records")
    assert [line["Run"] for line in ours] == ["net", "net"]
    assert [line["Part"] for line in ours] == ["training", "test"]
    assert [line["Pearson r"] for line in ours] == [0.75, 0.4]
    assert [line["R-peak Se"] for line in ours] == [0.75, 0.9]
    assert [line["PRD"] for line in ours] == [0.75, 88.88]
    assert table["NMSE"].isna().all()
    assert (paper["Pearson r"], paper["Xcor"], paper["MSE"]) == (0.829, 0.985, 0.0083)
    assert (paper_test["Pearson r"], paper_test["PRD"]) == (0.6942, 87.3965)


def test_without_controls_or_baselines_there_is_no_table() -> None:
    given = scores(net={"model": "cae", "init": "scratch", "pearson": 0.4})
    assert not scg_to_ecg.tables(given, COSTS)


def test_published_figures_stand_beside_any_scaling_and_say_which() -> None:
    net = {"model": "cae", "init": "scratch", "data": "scg_vhd"}
    given = scores(
        ours={**net, "pearson": 0.4},
        papers={**net, "scaling": "paper", "inputs": "z axis", "pearson": 0.8},
        pruned={**net, "pruning": "magnitude", "pearson": 0.5},
    ).assign(repeats=1)
    table = published.beside(scg_to_ecg.PUBLISHED[:1], given, scg_to_ecg.USUAL)
    assert dict(zip(table["run"], table["remark"], strict=True)) == {
        "ours": "scg_vhd",
        "papers": "scg_vhd, z axis, paper",
    }


def test_gains_of_the_paper_are_of_its_models() -> None:
    assert {f.tags["init"] for f in scg_to_ecg.GAINS.values} == {"cae", "tcn", "ecgnet", "cnn1d"}
    unpruned = {"model": "cae", "init": "cae"}
    pruned = {**unpruned, "pruning": "magnitude"}
    assert np.isnan(scg_to_ecg.GAINS.paper(unpruned, "pearson", "equal steps"))
    assert scg_to_ecg.GAINS.paper(pruned, "pearson", "equal steps") == 0.143
    assert np.isnan(scg_to_ecg.GAINS.paper(pruned, "pearson", "matched compute"))


# The page.


def text(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", page.partition("</style>")[2])).split())


def test_page_tells_what_was_found(page: str) -> None:
    page_text = text(page)
    for words in (
        "Pearson r changes by",
        "where the paper reports +14.3 %",
        "of controls without its beats",
        "Order of the estimated gains, honest protocol, scg-subject (2 folds)",
        "Best subject, mitdb/20",
        "95 % limits of agreement",
        "Pearson r over calibration",
        "from scratch",
        "Controls and baselines",
        "Pearson r 0.694 in the paper (Table 1)",
    ):
        assert words in page_text, words


def test_matched_compute_has_a_key_sentence_and_lines_but_no_place_in_the_chart(
    made: Path, page: str
) -> None:
    page_text = text(page)
    start = "scg-cae-longer-honest), honest protocol, scg-subject (2 folds): Pearson r changes by"
    (sentence, *_) = re.findall(re.escape(start) + r"[^:]*?\.(?= [A-Z])", page_text)
    assert (
        sentence.count(" from autoencoder weights (") == sentence.count(" from TCN weights (") == 1
    )
    assert ": scg-cae-longer-honest, at matched compute" in page_text
    study_ = read_study(made)
    rows, names = study_.rows("gains"), run_names(study_)
    assert len(gains.others(study_, rows, names)) == len(gains.orders(study_, rows, names)) == 2
    for other in ("equal steps", "matched compute"):
        assert not gains.others(study_, [r for r in rows if r["against"] == other], names)
    charted: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gains, "chart", lambda rows, *_: charted.extend(rows))
        gains.section(study_, names)
    assert {r["against"] for r in charted} == {"equal steps"}


def test_page_of_signals_speaks_of_no_classes(page: str) -> None:
    page_text = text(page).lower()
    for words in ("confusion", "rarest class", "by class", "errors by recording"):
        assert words not in page_text


def test_every_picture_is_named_and_what_is_simulated_is_marked(page: str) -> None:
    for head in re.findall(r'<svg class="plane[^>]*>', page):
        assert 'role="img"' in head
        assert re.search(r'aria-label="[^"]+"', head)
    assert page.count("</desc>") >= page.count('class="plane')
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    for target in re.findall(r'href="#([^"]+)"', page):
        assert target in ids
    for caption in re.findall(r"<figcaption>(.*?)</figcaption>", page, re.DOTALL):
        assert "simulated" in caption or "<small>" in caption


def test_traces_are_the_windows(made: Path, page: str) -> None:
    table = frame(made, "overlays")
    assert page.count('class="trace true"') == table["segment"].nunique() == 3
    (first, *_) = re.findall(r'class="trace true" points="([^"]+)"', page)
    own = table[(table["kind"] == "true") & (table["rank"] == "best")]
    y = np.array([float(p.split(",")[1]) for p in first.split()])
    assert len(y) == len(own)
    assert np.corrcoef(y, own["value"])[0, 1] < -0.9999  # a picture's y runs downwards


def test_same_input_same_page(made: Path, page: str, tmp_path: Path) -> None:
    assert page_of(made, tmp_path / "again.html") == page


def test_numbers_lie_where_the_axes_say() -> None:
    plane = Plane(x=(0, 10), y=(-1, 1), height=100)
    assert plane.line([0, 5, 10], [-1, 0, 1], "k").count("0.0,100.0 500.0,50.0 1000.0,0.0") == 1
    assert plane.dots([5], [0], "k").count('d="M500.0 50.0h0"') == 1
    assert plane.place(2.5) == "25.00%"


LINE = {"part": "test", "metric": "pearson", "class": "", "segments": "9", "simulated": "True"}


def test_a_line_joins_runs_that_differ_in_one_tag_on_equal_windows() -> None:
    rows = [
        {**LINE, "protocol": p, "segments": n, "tag_init": i, "tag_calibration": c, "value": v}
        | {"low": "", "high": "", "run": f"{i}{c}"}
        for p, n, i, c, v in [
            ("honest", "9", "a", "0 s", "0.4"),
            ("personal", "9", "a", "30 s", "0.6"),
            ("personal", "8", "a", "60 s", "0.7"),  # other windows
            ("paper", "9", "a", "10 s", "0.9"),  # another protocol
            ("personal", "9", "b", "30 s", "0.5"),  # alone
            ("honest", "9", "a", "", "0.3"),
        ]
    ]
    names = RunNames(("init",), {}, {"init": {"else": "from {}"}})
    (line,), unit = signals._lines(rows, "calibration", names, scale=1)
    assert (line["x"], line["value"], unit) == ([0.0, 30.0], [0.4, 0.6], "s")
    assert line["parts"] == ["from a"]
    assert line["protocol"] == "personal"


def test_lines_are_named_by_what_tells_them_apart() -> None:
    lines = [{"parts": ["cae", f"from {x}", "pruned"]} for x in ("a", "b")]
    alike, named = signals.labelled(lines)
    assert alike == ["cae", "pruned"]
    assert [line["label"] for line in named] == ["from a", "from b"]


def test_labels_keep_apart_and_inside() -> None:
    downs = signals._apart([10.0, 12.0, 99.0, 98.0], within=100)
    assert np.diff(sorted(downs)).min() >= signals.LINE - 1e-9
    assert max(downs) <= 100


GAIN = {"protocol": "honest", "split": "s", "class": "", "gain": 0.05, "paper": 0.143}
PEARSON = {"title": "Pearson r", "percent": False, "lower_is_better": False}


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        ((0.01, 0.09), "changes by +5.0 % [+1.0, +9.0]: a gain, where the paper reports +14.3 %."),
        ((-0.01, 0.09), "no gain shown, where"),
        ((-0.09, -0.01), "a loss, where"),
        (("", ""), "+5.0 %: too few subjects for an interval"),
    ],
)
def test_gain_claims_what_the_numbers_show(ends: tuple[Any, Any], words: str) -> None:
    assert words in sentences.gain({**GAIN, "low": ends[0], "high": ends[1]}, PEARSON, "cae")


# Config.


def config(**study: Any) -> dict[str, Any]:
    lead = {"leads": ["SCG z"], "scale": "none"}
    segments = {
        "paired": {
            "database": "scg_vhd",
            "signal": lead,
            "target": {"leads": ["II"], "scale": "median_max"},
            "rate_hz": 125,
            "cut": {"name": "windows", "window_s": 10},
        }
    }
    segments["alone"] = {k: v for k, v in segments["paired"].items() if k != "target"}
    return {
        "databases": {"scg_vhd": {}},
        "segments": segments,
        "splits": {
            f"{name}-{fold}": {
                "segments": [name],
                "scheme": "subject",
                "protocol": "honest",
                "test": 0.2,
                "seed": fold,
            }
            for name in segments
            for fold in (0, 1)
        },
        "transfer": {
            f"{name}-{fold}": {
                "split": f"{name}-{fold}",
                "model": "cae",
                "task": "translate" if name == "paired" else "reconstruct",
                "training": {"epochs": 1},
                "tags": {"model": "cae", "init": "scratch", "calibration": "0 s"},
            }
            for name in segments
            for fold in (0, 1)
        },
        "evaluations": {
            **{f"paired-{fold}": {"metrics": ["pearson"], "pool": "pooled"} for fold in (0, 1)},
            "alone-0": {"metrics": ["pearson"]},
        },
        "tables": {
            "scg_to_ecg": {
                "evaluations": ["paired-*", "alone-0"],
                "primary": "pearson",
                **study,
            }
        },
    }


def test_shown_runs_are_tabulated_with_their_segments() -> None:
    given = load_config(config(shown=["pooled"], curves=[{"tag": "calibration"}]))
    spec = given.spec("tabulate", "scg_to_ecg")
    assert spec.shown == {"pooled": ("paired",)}  # type: ignore[attr-defined]
    assert [c.tag for c in spec.curves] == ["calibration"]  # type: ignore[attr-defined]
    assert StudyPlan(Plan(given)).shown("scg_to_ecg") == ["results/segments/paired"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"shown": ["poled"]},
            "tables.scg_to_ecg.shown: no run of the study is named 'poled'. Did you mean 'pooled'?",
        ),
        ({"shown": ["paired-0"]}, "no run of the study is named 'paired-0'"),
        ({"shown": ["alone-0"]}, "its segments 'alone' have no target"),
        (
            {"curves": [{"tag": "calibratoin"}]},
            "tables.scg_to_ecg.curves: no run has the tag 'calibratoin'."
            " Did you mean 'calibration'?",
        ),
    ],
)
def test_what_can_not_be_drawn_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        load_config(config(**changes))
