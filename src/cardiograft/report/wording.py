"""The report's words: numbers as text, and sentences that the numbers decide.

A sentence claims a difference only where its interval excludes zero and, in a family of
comparisons, the corrected p agrees.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]

SIMULATED = "Simulated data"
SIMULATED_BANNER = (
    "The recordings behind these figures were made by a generative model, not measured on people."
    " They show that the workflow works; they say nothing about hearts, and nothing about how"
    " the paper’s figures would change on real recordings."
)
PARTLY_SIMULATED = (
    "Some of the figures come from recordings that a generative model made. They are marked"
    " “simulated” and say nothing about hearts."
)
GAP = (
    "The inflation gap is the score under the paper’s protocol minus the score of the same"
    " recipe on people it has never met. It is the part of a published figure that a new"
    " patient would not see."
)
INTERVALS = (
    "{level} intervals come from a bootstrap over subjects ({draws} draws), repeats averaged"
    " within each draw, tails widened for the number of subjects (Hesterberg 2015). A figure"
    " that fewer than {least} subjects carry gets none."
)
COMPOSITES = " A composite of classes rests on the subjects of its rarest class."
COMPARISONS = (
    "Pairs are compared on the same test segments. p comes from swapping the two runs’"
    " predictions subject by subject; Holm’s correction covers every comparison of the study."
)
HONEST = "Subjects never cross the split; a finding here would have stopped the run."
HONEST_RULES = (
    "Choices are made on validation subjects, who come out of the training part.",
    "The test part is looked at once.",
    "Nothing in a model’s lineage, its pretraining included, has met a test subject.",
)
PAPER = "As published, flaws included: findings are counted, not refused."
PERSONAL = (
    "People are on both sides on purpose: a model is tested on minutes it has not met of people it"
    " has learnt from, because they are recorded again or calibrate it first. A sample, or a"
    " near-duplicate, on both sides would have stopped the run."
)
REPRODUCE = (
    "From a clone of the project, in its environment, one command makes this page. Where the"
    " recordings are fetched from does not matter: the same bytes give the same figures."
)
REPRODUCE_MORE = (
    "Every stage is also a script under workflow/scripts that says with --help what it takes."
    " Seeds, digests and library versions of each model stand under Training."
)
NO_DIFFERENCE = "no difference shown"
UNKNOWN = "too few subjects for an interval, so nothing is claimed"
PROTOCOLS = {
    "paper": "Paper’s protocol",
    "honest": "Honest protocol",
    "personal": "Personal protocol",
}
OVERLAYS = (
    "Of each run the subjects with the highest, the median and the lowest figure (their mean over"
    " repeats), and of each of them the window whose figure is the median of its own, so that no"
    " picture is chosen by eye. The input is scaled to be drawn."
)
HEART_RATES = (
    "Heart rates are 60 over the median interval between R-peaks of a window, found by one"
    " detector in the true and in the predicted signal; first repeat. Limits of agreement are"
    " bias ± 1.96 standard deviations, a subject’s windows being repeated measures (Bland and"
    " Altman 2007)."
)
CURVES = (
    "A line joins runs that differ in this alone and were tested on equally many windows. Bands:"
    " intervals over subjects."
)
NO_CURVE = "no two runs differ in {tag} alone and were tested on equally many windows"
GAINS = (
    "A gain is the improvement over the same network without transfer, relative to that network’s"
    " figure, on the same test windows; intervals over subjects, drawn jointly."
)
FINDINGS = {
    "subjects_on_both_sides": "Subjects on both sides",
    "near_duplicates": "Near-duplicate segments across",
    "overlapping_windows": "Overlapping windows across",
}
STAGES = {"pretrain": "Pretraining", "prune": "Pruning", "transfer": "Transfer"}
MINUS, DASH = "−", "–"


def absent(value: Any) -> bool:
    """Whether a cell of a table holds no number."""
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


def number(
    value: Any, *, percent: bool = False, signed: bool = False, digits: int | None = None
) -> str:
    """Return a figure as text: ``0.912``, or ``91.2 %`` of a share; a dash where there is none.

    Decimals not asked for are three, and one from 10 on.
    """
    if absent(value):
        return DASH
    if digits is None:
        digits = 3 if abs(float(value)) < 10 else 1
    text = f"{100 * float(value):.1f}" if percent else f"{float(value):.{digits}f}"
    text = text if float(text) else text.replace("-", "")
    sign = "+" if signed and float(text) > 0 else ""
    return (sign + text).replace("-", MINUS) + (" %" if percent and not signed else "")


def interval(low: Any, high: Any, *, percent: bool = False, signed: bool = False) -> str:
    """Return ``[0.88, 0.94]``, or nothing where there is no interval."""
    if absent(low) or absent(high):
        return ""
    digits = 3 if max(abs(float(low)), abs(float(high))) < 10 else 1  # alike at both ends
    ends = [
        number(v, percent=percent, signed=signed, digits=digits).removesuffix(" %")
        for v in (low, high)
    ]
    return f"[{', '.join(ends)}]"


def estimate(row: Row, key: str = "value", *, percent: bool = False) -> str:
    """Return a figure with its interval."""
    shown = number(row[key], percent=percent)
    return f"{shown} {interval(row['low'], row['high'], percent=percent)}".strip()


def count(value: Any) -> str:
    """Return a whole number with thin spaces between thousands."""
    return DASH if absent(value) else f"{round(float(value)):,}".replace(",", "\u202f")


def mean_count(value: Any) -> str:
    """Return a mean of counts: whole where it is, else with one decimal."""
    number = float(value)
    return count(number) if number == round(number) else f"{number:.1f}"


def plural(value: Any, one: str, many: str = "") -> str:
    """Return ``1 record``, ``2 records``."""
    return f"{count(value)} {one if float(value) == 1 else many or one + 's'}"


def p_value(value: Any) -> str:
    """Return a p as text."""
    if absent(value):
        return DASH
    return "< 0.001" if float(value) < 0.001 else f"{float(value):.3f}"


def seconds(value: Any) -> str:
    """Return a duration: ``41 s``, ``3 min 20 s``, ``2 h 5 min``."""
    if absent(value):
        return DASH
    whole = round(float(value))
    if whole < 60:
        return f"{float(value):.1f} s" if float(value) < 10 else f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def size(value: float) -> str:
    """Return bytes in the unit that suits."""
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def verdict(low: Any, high: Any) -> int | None:
    """Return the sign that an interval shows: 1, -1, 0 where it crosses zero, None for none."""
    if absent(low) or absent(high):
        return None
    if float(low) > 0:
        return 1
    return -1 if float(high) < 0 else 0


def gap(row: Row, metric: Row, label: str) -> str:
    """Return a sentence on what the paper's protocol adds."""
    percent = bool(metric["percent"])
    paper, honest = (number(row[k], percent=percent) for k in ("paper", "honest"))
    start = f"{label}: {name(metric, row)} {paper} under the paper’s protocol"
    start += f" ({row['paper_split']}), {honest} on people never met ({row['honest_split']})"
    return f"{start}: {inflation(row, metric)}."


def inflation(row: Row, metric: Row) -> str:
    """Return what a gap and its interval show: an inflation, none, or nothing."""
    percent = bool(metric["percent"])
    amount = number(abs(float(row["gap"])), percent=percent).removesuffix(" %")
    unit = " points" if percent else ""
    ends = interval(row["low"], row["high"], percent=percent, signed=True)
    shown = verdict(row["low"], row["high"])
    if shown is None:
        return f"a gap of {number(row['gap'], percent=percent, signed=True)}{unit}; {UNKNOWN}"
    if shown == 0:
        difference = number(row["gap"], percent=percent, signed=True)
        return f"a gap of {difference}{unit} {ends}, no inflation shown"
    better = shown < 0 if metric["lower_is_better"] else shown > 0
    word = "an inflation of" if better else "no inflation, the paper’s protocol is worse by"
    sizes = sorted(abs(float(row[end])) for end in ("low", "high"))
    return f"{word} {amount}{unit} {interval(*sizes, percent=percent)}"


def comparison(row: Row, metric: Row, label: str, *, level: float) -> str:
    """Return a sentence on two runs that differ in one tag."""
    percent = bool(metric["percent"])
    of, to = (number(row[k], percent=percent) for k in ("of_value", "to_value"))
    difference = number(row["difference"], percent=percent, signed=True)
    ends = interval(row["low"], row["high"], percent=percent, signed=True)
    unit = " points" if percent else ""
    where = f"{label}, {PROTOCOLS[row['protocol']].lower()}, {row['split']}"
    start = f"{where}: {name(metric, row)} is {of} with {row['of']} and {to} with {row['to']},"
    return f"{start} {difference}{unit} {ends}".rstrip() + f": {_shown(row, metric, level)}."


def _shown(row: Row, metric: Row, level: float) -> str:
    shown = verdict(row["low"], row["high"])
    if shown is None:
        return UNKNOWN
    if shown == 0:
        return NO_DIFFERENCE
    if absent(row["p_holm"]) or float(row["p_holm"]) > 1 - level:
        p = p_value(row["p_holm"])
        return f"the interval excludes zero but the corrected p ({p}) does not, {NO_DIFFERENCE}"
    better = shown < 0 if metric["lower_is_better"] else shown > 0
    p = p_value(row["p_holm"])
    equals = p if p.startswith("<") else f"= {p}"
    return f"{row['of']} is {'better' if better else 'worse'} (p {equals} after Holm)"


def name(metric: Row, row: Row) -> str:
    """Return a metric's title, with the class where it is one class's."""
    which = str(row.get("class") or "")
    return f"{metric['title']} of {which}" if which else str(metric["title"])


def published(rows: Sequence[Row], label: str, metric: Row) -> str:
    """Return a sentence that lays ours, under each protocol, beside a published figure."""
    percent, first = bool(metric["percent"]), rows[0]
    theirs = number(first["published"], percent=percent)
    start = f"{label}: {name(metric, first)} {theirs} in the paper ({first['source']})"
    where = {
        "paper": "under its protocol",
        "honest": "on people never met",
        "personal": "on other minutes of people it has met",
    }
    ours = [
        f"{estimate(row, 'ours', percent=percent)} {where[row['protocol']]} ({place(row)})"
        for row in rows
    ]
    return f"{start}; here {listed(ours)}."


def controls(rows: Mapping[str, Row], metric: Row, label: str) -> str:
    """Return what a run scores, under ``""``, and what with inputs that lack the beats."""
    percent, own = bool(metric["percent"]), rows[""]
    others = [
        f"{estimate(row, percent=percent)} ({control})" for control, row in rows.items() if control
    ]
    start = f"{label}, {PROTOCOLS[own['protocol']].lower()}, {own['split']}"
    said = f"{name(metric, own)} {estimate(own, percent=percent)} of the input as recorded"
    return f"{start}: {said}, and of controls without its beats {listed(others)}."


def gain(row: Row, metric: Row, label: str) -> str:
    """Return a sentence on what a transfer gains, beside what the paper says it does."""
    where = f"{label}, {PROTOCOLS[row['protocol']].lower()}, {row['split']}"
    value = number(row["gain"], percent=True, signed=True)
    ends = interval(row["low"], row["high"], percent=True, signed=True)
    start = f"{where}: {name(metric, row)} changes by {f'{value} % {ends}'.strip()}: {_gained(row)}"
    if absent(row["paper"]):
        return f"{start}."
    return f"{start}, where the paper says {number(row['paper'], percent=True, signed=True)} %."


def _gained(row: Row) -> str:
    shown = verdict(row["low"], row["high"])
    return UNKNOWN if shown is None else {1: "a gain", -1: "a loss", 0: "no gain shown"}[shown]


def gains_against(rows: Sequence[Row], metric: Row, tag: str) -> str:
    """Return a sentence on what transfers gain over one base that the paper has not."""
    first, said = rows[0], []
    for row in rows:
        value = number(row["gain"], percent=True, signed=True)
        ends = interval(row["low"], row["high"], percent=True, signed=True)
        said.append(f"{f'{value} % {ends}'.strip()} from {row[f'tag_{tag}']} ({_gained(row)})")
    start = f"At {first['against']} (against {first['base_run']})"
    where = f"{PROTOCOLS[first['protocol']].lower()}, {first['split']}"
    return f"{start}, {where}: {name(metric, first)} changes by {listed(said)}."


def order(rows: Sequence[Row], tag: str) -> str:
    """Return a sentence that lays the order of gains beside the paper's order."""

    def ranked(key: str) -> str:
        ordered = sorted(rows, key=lambda r: -float(r[key]))
        return " > ".join(str(r[f"tag_{tag}"]) for r in ordered)

    protocol = PROTOCOLS[rows[0]["protocol"]].lower()
    ours, papers = ranked("gain"), ranked("paper")
    start = f"Order of the estimated gains, {protocol}, {rows[0]['split']}"
    return f"{start}: {ours}; in the paper {papers}."


def agreement(row: Row) -> str:
    """Return how far said heart rates agree with the true ones."""
    bias = number(row["bias"], signed=True, digits=1)
    said = f"Bias {bias} a minute"
    if not absent(row["limits"]):
        ends = [float(row["bias"]) + sign * float(row["limits"]) for sign in (-1, 1)]
        low, high = (number(end, signed=True, digits=1) for end in ends)
        said += f", 95 % limits of agreement {low} to {high}"
    left = int(row["windows"]) - int(row["compared"])
    rests = f"{plural(row['compared'], 'window')} of {plural(row['subjects'], 'subject')}"
    out = f"; {count(left)} without a heart rate in both signals left out" if left else ""
    return f"{said}: {rests}{out}."


def place(row: Row) -> str:
    """Return a run's split, and what is remarked of its data: ``ptb-paper, smoke run``."""
    return ", ".join(str(row[key]) for key in ("split", "remark") if row.get(key))


def audit(split: Row) -> str:
    """Return what a split's audit came to."""
    if split["passed"]:
        return "passed"
    return "findings counted" if split["protocol"] == "paper" else "failed"


def few(reasons: Mapping[str, int]) -> str:
    """Return counted reasons: ``3 no wanted lead, 1 truncated``; or none."""
    return ", ".join(f"{count(n)} {reason}" for reason, n in reasons.items()) or "none"


def listed(names: Sequence[str]) -> str:
    """Return ``a, b and c``."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
