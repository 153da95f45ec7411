"""A study's row on the first screen, and its sentences."""

from pathlib import Path
from typing import Any

import findings
import pandas as pd
import pytest
from synthetic import study

from cardiograft import plugins
from cardiograft.report import headline, measured, measured_names, page
from cardiograft.report.inputs import read_study

ROOT = Path(__file__).parents[2]
BEATS, SIGNALS = "transform_recognition", "scg_to_ecg"
PAPER, HONEST = "mitdb-cnn-scratch-paper", "mitdb-cnn-scratch-strict"
MAJORITY, PRETEXT = "mitdb-majority-strict", "mitdb-cnn-pretext-strict"
UNPAIRED = "the two were not compared in pairs by this measure"
Ends = tuple[float, float] | None


def row(run: str, metric: str, value: float, ends: Ends, **more: Any) -> dict[str, Any]:
    low, high = ends or ("", "")
    known = {"run": run, "protocol": "honest", "data": "mitdb", "metric": metric, "repeats": 3}
    return {
        **dict.fromkeys(measured_names.COLUMNS, ""),
        **known,
        **{"value": value, "low": low, "high": high},
        **more,
    }


def gap(value: float, ends: Ends, *, pair: tuple[str, str] = (PAPER, HONEST)) -> dict[str, Any]:
    metric = "accuracy" if pair[0] == PAPER else "pearson"
    return row(" - ".join(pair), metric, value, ends, protocol="gap")


def made(*rows: dict[str, Any], name: str = BEATS) -> headline.HeadlineRow:
    return headline.headline_row(name, pd.DataFrame(rows, columns=list(measured_names.COLUMNS)))


RUNS = (
    row(PAPER, "accuracy", 0.99, (0.98, 0.995), protocol="paper"),
    row(HONEST, "accuracy", 0.9, (0.85, 0.95)),
)


def test_a_run_stands_beside_the_baseline_of_its_own_segments() -> None:
    def runs(name: str) -> list[dict[str, Any]]:
        metric, ends = "weighted_f1", (0.8, 0.9)
        return [
            row(f"rhythm-{name}-paper-100", metric, 0.87, ends, protocol="paper"),
            row(f"rhythm-{name}-100", metric, 0.85, ends),
        ]

    others = [
        row("rhythm-boosting-100", "weighted_f1", 0.5, (0.4, 0.6)),
        row("rhythm-boosting-whole-100", "weighted_f1", 0.7, (0.6, 0.75)),
    ]
    whole = made(*runs("crnn"), *others, name="rhythm_cae")
    assert whole.cells[-1].text == "0.700"
    assert whole.cells[1].text == "CRNN on 30-s windows, from random weights"
    (beside,) = [sentence for sentence in whole.sentences if "baseline" in sentence]
    assert beside.startswith("There it is better than its baseline, gradient boosting")
    assert "(0.700 [0.600, 0.750])" in beside
    assert "CRNN" not in beside  # itself is no further run
    assert made(*runs("random-pooled"), *others, name="rhythm_cae").cells[-1].text == "0.500"


def test_nothing_run_nothing_said() -> None:
    made_of_nothing = made()
    assert made_of_nothing.sentences == ()
    texts = [cell.text for cell in made_of_nothing.cells]
    assert texts[1:3] == ["CNN, from scratch, by the paper’s recipe", "92.3 %"]
    assert texts[3:] == ["not run here", "not run here", "–", "not run here"]


def test_a_paper_that_tests_unseen_subjects_has_no_gap() -> None:
    run = row("quality-scratch", "balanced_accuracy", 0.85, (0.8, 0.9))
    shown = made(run, name="ecg_quality")
    assert [cell.text for cell in shown.cells[3:6]] == ["0.850", "0.850", "–"]
    assert shown.cells[5].small == "the paper tests unseen subjects too"
    assert shown.cells[1].small == "quality-scratch"
    assert not any("paper’s protocol" in sentence for sentence in shown.sentences)


@pytest.mark.parametrize(
    ("value", "ends", "words"),
    [
        (0.09, (0.05, 0.13), "an inflation of 9.0 points [5.0, 13.0]."),
        (0.09, (-0.01, 0.13), "a gap of +9.0 points [−1.0, +13.0], no inflation shown."),
        (0.09, None, "a gap of +9.0 points; too few subjects for an interval"),
        (-0.09, (-0.13, -0.05), "no inflation, the paper’s protocol is worse by 9.0 points"),
    ],
)
def test_gap_sentence(value: float, ends: Ends, words: str) -> None:
    (sentence,) = made(*RUNS, gap(value, ends)).sentences
    start = "CNN, from scratch: accuracy 99.0 % under the paper’s protocol (the paper: 92.3 %)"
    assert sentence.startswith(f"{start} and 90.0 % on unseen subjects, ")
    assert words in sentence


def test_a_run_of_another_recipe_says_so() -> None:
    differing = row(PAPER, measured_names.DIFFERS, "schedule cosine", None, **{"class": "recipe"})
    shown = made(*RUNS, gap(0.09, (0.05, 0.13)), differing)
    assert "(the paper, by another recipe: 92.3 %)" in shown.sentences[0]
    assert shown.cells[2].small == "accuracy, Table 1, by another recipe"
    assert "recipe" not in made(*RUNS, gap(0.09, (0.05, 0.13))).sentences[0]


def test_the_papers_recipe_stands_first_where_both_its_values_are_there() -> None:
    recipe = [PAPER.replace("-paper", "-recipe-paper"), HONEST.replace("-strict", "-recipe-strict")]
    first = row(recipe[0], "accuracy", 0.98, (0.97, 0.99), protocol="paper")
    second = row(recipe[1], "accuracy", 0.91, (0.85, 0.95))
    assert made(*RUNS, first).cells[1].text == "CNN, from scratch"
    assert made(*RUNS, first, second).cells[1].text == "CNN, from scratch, by the paper’s recipe"
    assert made(first).cells[1].text == "CNN, from scratch, by the paper’s recipe"


@pytest.mark.parametrize(
    ("value", "ends", "words"),
    [
        (0.8, (0.75, 0.84), "There it is better than its baseline, always predicting"),
        (0.97, (0.96, 0.98), "There it is worse than its baseline, always predicting"),
        (0.8, (0.7, 0.86), "There its estimate is ahead of its baseline’s, "),
        (0.94, (0.9, 0.98), "There its estimate is not ahead of its baseline’s, "),
    ],
)
def test_baseline_sentence(value: float, ends: Ends, words: str) -> None:
    (sentence,) = made(*RUNS, row(MAJORITY, "accuracy", value, ends)).sentences
    assert sentence.startswith(words)
    assert ("the intervals overlap" in sentence) == ("estimate" in words)


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        ((0.01, 0.05), "There it is better than its baseline, "),
        ((-0.05, -0.01), "There it is worse than its baseline, "),
        ((-0.02, 0.04), "There its estimate is not ahead of its baseline’s, "),
    ],
)
def test_a_paired_difference_decides_where_there_is_one(
    ends: tuple[float, float], words: str
) -> None:
    """Two intervals overlap where people paired show a difference."""
    baseline = row(MAJORITY, "accuracy", 0.92, (0.86, 0.97))
    pair = row(f"{HONEST} - {MAJORITY}", "accuracy", sum(ends) / 2, ends, protocol="comparison")
    (sentence,) = made(*RUNS, baseline, pair).sentences
    assert sentence.startswith(words)
    points = f"{100 * sum(ends) / 2:+.1f}".replace("-", "−")
    assert f"people paired, the difference is {points} points [" in sentence
    assert "overlap" not in sentence


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(
    ("value", "ends", "start"),
    [
        (0.92, (0.86, 0.97), "There its estimate is not ahead of its baseline’s, "),
        (0.7, (0.6, 0.8), "There it is better than its baseline, "),
    ],
)
def test_a_comparison_by_another_metric_is_named(
    value: float, ends: tuple[float, float], start: str, order: int
) -> None:
    """Two runs that were compared by another measure, in either order, are no unpaired runs."""
    baseline = row(MAJORITY, "accuracy", value, ends)
    pair = " - ".join((HONEST, MAJORITY)[::order])
    low, high = sorted((-0.0381 * order, 0.0176 * order))
    rows = [
        row(pair, "macro_f1", -0.01 * order, (low, high), protocol="comparison"),
        row(pair, "p_holm", 0.04, None, protocol="comparison"),
    ]
    (sentence,) = made(*RUNS, baseline, *rows).sentences
    assert sentence.startswith(start)
    assert "not compared" not in sentence
    assert ("; the intervals overlap; people" in sentence) == ("estimate" in start)
    shown = "people paired, the difference in Macro-F1 is −0.010 [−0.038, +0.018]"
    assert f"; {shown} (corrected p 0.040)" in sentence
    # of its own metric it would decide
    apart = tuple(sorted((0.01 * order, 0.03 * order)))
    own = row(pair, "accuracy", 0.02 * order, apart, protocol="comparison")
    (sentence,) = made(*RUNS, baseline, *rows, own).sentences
    assert sentence.startswith("There it is better than its baseline, ")
    assert "; people paired, the difference is +2.0 points [+1.0, +3.0]" in sentence


def test_runs_that_nothing_compared_are_said_not_to_be_compared_by_this_measure() -> None:
    baseline = row(MAJORITY, "accuracy", 0.92, (0.86, 0.97))
    pair = f"{HONEST} - {MAJORITY}"
    undefined = row(pair, "macro_f1", 0.1, None, protocol="comparison")
    for rows in ((), (undefined,), (row(pair, "macro_f1", 0.1, (0.1, 0.2), protocol="gap"),)):
        (sentence,) = made(*RUNS, baseline, *rows).sentences
        assert sentence.endswith(f"; the intervals overlap, and {UNPAIRED}.")


def test_a_pair_that_was_compared_by_another_metric_is_told_by_that() -> None:
    baseline = row(MAJORITY, "accuracy", 0.92, (0.86, 0.97))
    pair = row(f"{HONEST} - {MAJORITY}", "macro_f1", 0.03, (-0.01, 0.07), protocol="comparison")
    p = row(f"{HONEST} - {MAJORITY}", "p_holm", 0.2, None, protocol="comparison")
    (sentence,) = made(*RUNS, baseline, pair, p).sentences
    told = "the difference in Macro-F1 is +0.030 [−0.010, +0.070] (corrected p 0.200)"
    assert f"; the intervals overlap; people paired, {told}" in sentence
    assert "not compared in pairs" not in sentence
    (alone,) = made(*RUNS, baseline).sentences
    assert "the intervals overlap, and the two were not compared in pairs" in alone


def test_further_runs_are_named_where_they_were_run() -> None:
    pair = ("scg-cae-z-random", "scg-cae-z")
    rows = [
        row(pair[0], "pearson", 0.88, (0.8, 0.9), protocol="paper"),
        row(pair[1], "pearson", 0.4, (0.3, 0.5)),
        row("scg-beat-detected", "pearson", 0.1, (0.0, 0.2)),
    ]
    (sentence,) = made(*rows, name=SIGNALS).sentences
    assert sentence.startswith("There it is better than its baseline, ")
    assert "U-Nets" not in sentence
    further = row("scg-unet-aligned", "pearson", 0.6, (0.5, 0.7))
    (sentence,) = made(*rows, further, name=SIGNALS).sentences
    ending = "; the mean of six U-Nets aligned in time has 0.600 [0.500, 0.700]."
    assert sentence.endswith(ending)


def test_no_interval_no_claim() -> None:
    assert made(*RUNS, row(MAJORITY, "accuracy", 0.1, None)).sentences == ()


@pytest.mark.parametrize(
    ("ends", "words"),
    [((0.6, 0.8), "better with them"), ((0.1, 0.2), "worse with them"), ((0.3, 0.5), UNPAIRED)],
)
def test_effect_sentence(ends: tuple[float, float], words: str) -> None:
    ours = row(PRETEXT, "macro_f1", sum(ends) / 2, ends)
    (sentence,) = made(ours, row(HONEST, "macro_f1", 0.45, (0.4, 0.5))).sentences
    assert sentence.startswith("With pretext weights ")
    assert sentence.endswith(f"{words}.")


def test_a_contrast_says_whose_value_it_is() -> None:
    runs = [
        row(f"rhythm-{init}-25", "macro_f1", value, (value - 0.02, value + 0.02))
        for init, value in {"cae": 0.654, "random": 0.729}.items()
    ]
    (sentence,) = made(*runs, name="rhythm_cae").sentences
    of = "of the paper’s classifier on 10-s windows trained on a quarter of the training recordings"
    start = "With autoencoder weights Macro-F1 on unseen subjects"
    assert sentence.startswith(f"{start}, {of}, is 0.654 [")
    assert sentence.endswith("worse with them.")


def test_the_first_contrast_that_was_run_is_shown_with_its_corrected_p() -> None:
    usual = [row(PRETEXT, "macro_f1", 0.5, (0.4, 0.6)), row(HONEST, "macro_f1", 0.4, (0.3, 0.5))]
    ours, base = (f"mitdb-cnn-{init}-recipe-strict" for init in ("pretext", "scratch"))
    runs = [row(ours, "macro_f1", 0.45, (0.3, 0.6)), row(base, "macro_f1", 0.42, (0.3, 0.5))]
    pair = row(f"{ours} - {base}", "macro_f1", 0.03, (0.01, 0.05), protocol="comparison")
    p = row(f"{ours} - {base}", "p_holm", 0.038, None, protocol="comparison")
    sentence = made(*usual, *runs, pair, p).sentences[-1]
    assert "by the paper’s recipe, Macro-F1" in sentence
    assert "better with them; people paired, the difference is +0.030 [" in sentence
    assert "(corrected p 0.038)" in sentence
    trained = "; one training stands for each."
    assert not sentence.endswith(trained)
    once = [{**one, "repeats": "1"} for one in runs]
    assert made(*usual, *once, pair, p).sentences[-1].endswith(trained)
    assert "recipe" not in made(*usual).sentences[-1]
    chance = row(f"{ours} - {base}", "p_holm", 0.057, None, protocol="comparison")
    sentence = made(*usual, *runs, pair, chance).sentences[-1]
    assert "neither is shown to be better; people paired, the difference is +0.030 [" in sentence


def gains(base: str, *ends: Ends, paper: bool = True) -> list[dict[str, Any]]:
    return [
        row(
            f"net-{k} - scratch",
            f"gain of pearson at {base}",
            (k + 1) / 100,
            one,
            paper=0.1 if paper else "",
        )
        for k, one in enumerate(ends)
    ]


def test_gains_sentence_takes_the_fairest_base_that_was_run() -> None:
    equal = gains("equal steps", (0.005, 0.02), (-0.01, 0.05))
    known = "gain of pearson at equal steps"
    equal.append(row("of-paper - scratch", known, 0.9, (0.8, 1), protocol="paper", paper=0.2))
    (sentence,) = made(*equal, name=SIGNALS).sentences
    assert "over the same network from scratch: +1.0 to +2.0 % (the paper: +10.0 %)" in sentence
    assert sentence.endswith("of 2 sources, 1 gain and 1 not distinguishable from zero.")
    matched = gains("matched compute", (-0.2, -0.1), (-0.2, -0.1), paper=False)
    (sentence,) = made(*equal, *matched, name=SIGNALS).sentences
    assert "over a network trained as long from scratch: " in sentence
    assert sentence.endswith("of 2 sources, 2 losses.")


def test_gains_without_an_interval_are_no_sentence() -> None:
    assert made(*gains("equal steps", None, (0.1, 0.2)), name=SIGNALS).sentences == ()


def test_another_run_stands_in_for_one_that_was_not_run() -> None:
    unet = row("scg-unet-xyz", "pearson", 0.4, (0.3, 0.5))
    cells = made(unet, name=SIGNALS).cells
    assert cells[1].text == "U-Net, from scratch, three axes"
    assert cells[2].small.endswith("Table 1, autoencoder")
    assert cells[4].text == "0.400"
    paper = row("scg-cae-z-random", "pearson", 0.8, (0.7, 0.9), protocol="paper")
    assert made(unet, paper, name=SIGNALS).cells[1].text.startswith("Autoencoder")


def test_report_and_published_table_say_the_same(tmp_path: Path) -> None:
    inputs = findings.write(tmp_path, spec=study(simulated=False), simulated=False)
    one = read_study(inputs["tables"][0])
    file = tmp_path / "published.csv"
    measured.table(one, {}, command="c", commit="d").to_csv(file, index=False)
    shown = page.first_row(one)
    assert shown == headline.headline_row(BEATS, measured.read(file))
    assert 0 < len(shown.sentences) <= 3
    assert "not run here" not in {cell.text for cell in shown.cells}


def test_classes_that_a_test_part_lacks_are_named_beside_its_values() -> None:
    table = pd.DataFrame(
        [*RUNS, gap(0.09, (0.05, 0.13)), row(MAJORITY, "accuracy", 0.8, (0.7, 0.9))]
    )
    note = "no S segments in the test part"
    shown = headline.headline_row(BEATS, table, lacking={HONEST: note, PAPER: ""})
    assert [cell.warning for cell in shown.cells] == ["", "", "", "", note, "", ""]
    assert [sentence.endswith(f" ({note}).") for sentence in shown.sentences] == [True, True]
    assert "in the test part" not in " ".join(made(*table.to_dict("records")).sentences)


STANDING = [
    n for n in plugins.names("studies") if hasattr(plugins.load("studies", n), "FIRST_SCREEN")
]


@pytest.mark.parametrize("name", STANDING)
def test_a_studys_headline_names_what_was_published(name: str) -> None:
    facts = plugins.load("studies", name).FIRST_SCREEN
    published = ROOT / f"docs/results/{name}.csv"
    if not published.is_file():
        pytest.skip(f"{name} has no published table yet")
    table = measured.read(published)
    scores = table[(table["class"] == "") & (table["metric"] == facts.metric)].set_index("run")
    known = set(scores.index)
    first = next(run for run in facts.runs if {run.paper, run.honest} <= known)
    one = first.paper == first.honest  # the paper tests on other databases than it trains on
    assert scores.loc[first.paper, "protocol"] == ("honest" if one else "paper")
    assert scores.loc[first.honest, "protocol"] == "honest"
    assert scores.loc[(first.baseline or facts.baseline).run, "protocol"] == "honest"
    differs = table[(table["run"] == first.paper) & (table["metric"] == measured_names.DIFFERS)]
    if "recipe" not in set(differs["class"]):  # then nothing is beside it
        assert float(scores.loc[first.paper, "paper"]) == pytest.approx(facts.published)
    shown = headline.headline_row(name, table)
    assert len(shown.cells) == len(headline.HEAD)
    count = min(3, 2 + (facts.effect is not None) + (facts.hidden is not None))
    assert len(shown.sentences) == count


def test_the_class_that_a_mean_hides_leads() -> None:
    hidden = "mitdb-cnn-all"
    rows = [
        row(hidden, "jkappa", 0.585, (0.4, 0.78)),
        row(hidden, "sensitivity", 0.05, (0.01, 0.46), **{"class": "S"}),
        row(hidden, "f1", 0.0645, (0.015, 0.33), **{"class": "S"}),
        row(hidden, "f1", 0.9, (0.8, 0.95), **{"class": "V"}),
    ]
    first, *_ = made(*RUNS, *rows, gap(0.09, (0.05, 0.13))).sentences
    assert first.startswith("On DS2’s S beats, the CNN that is shown windows")
    assert "a sensitivity of 5.0 % [1.0, 46.0] and an F1 of 0.065 [0.015, 0.330]; its" in first
    assert first.endswith("over all classes is 0.585 [0.400, 0.780].")
    assert not any("S beats" in sentence for sentence in made(*RUNS, *rows[:2]).sentences)


def test_how_a_run_was_chosen_stands_in_the_sentence_of_its_value() -> None:
    rows = [{**one, "chosen_on": "untuned"} for one in RUNS]
    sentences = [s for s in made(*rows, gap(0.09, (0.05, 0.13))).sentences if "chosen" in s]
    assert len(sentences) == 1
    assert "inflation" in sentences[0]
    assert sentences[0].endswith("; it was chosen with nothing compared.")


def test_how_the_headline_was_chosen_is_said_where_results_say_it() -> None:
    def sentences(paper: str, honest: str) -> list[str]:
        rows = [{**one, "chosen_on": how} for one, how in zip(RUNS, (paper, honest), strict=True)]
        return [s for s in made(*rows).sentences if s.startswith("It was chosen")]

    assert sentences("", "") == []
    assert sentences("validation", "validation") == ["It was chosen on a validation part."]
    assert sentences("published", "test") == [
        "It was chosen as published (the paper’s protocol) and on people who are tested, so that"
        " its value is flattered (unseen subjects)."
    ]
