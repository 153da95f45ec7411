"""Sentences that the numbers decide.

A sentence claims a difference only where its interval excludes zero and, in a family of
comparisons, the corrected p agrees. It names the classes that a tested part lacks.
"""

import math
from collections.abc import Mapping, Sequence

from cardiograft.report.inputs import ReportRow
from cardiograft.report.wording import (
    DASH,
    PROTOCOLS,
    absent,
    count,
    estimate,
    interval,
    lacking,
    listed,
    name,
    number,
    p_value,
    place,
    plural,
    verdict,
)

NONE = "none"
NO_DIFFERENCE = "no difference shown"
UNKNOWN = "too few subjects for an interval, so nothing is claimed"
UNSEEN = {
    "paper": "under its protocol",
    "honest": "on unseen subjects",
    "personal": "on unseen minutes of subjects seen in training",
    "dose": "with a dose of the tested subjects’ own segments in training",
}
NOT_RELATIVE = {
    "near zero": "whose {base} is not clearly above zero",
    "few subjects": "whose {base} rests on too few subjects to be clearly above zero",
    "no zero": "since zero is no lower end of it",
}


def gap(row: ReportRow, metric: ReportRow, label: str) -> str:
    """Return a sentence on what the paper's protocol adds."""
    percent = bool(metric["percent"])
    paper, honest = (number(row[k], percent=percent) for k in ("paper", "honest"))
    start = f"{label}: {name(metric, row)} {paper} under the paper’s protocol"
    start += f" ({row['paper_split']}), {honest} on unseen subjects ({row['honest_split']})"
    return _closed(f"{start}: {inflation(row, metric)}", row)


def inflation(row: ReportRow, metric: ReportRow) -> str:
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


def comparison(
    row: ReportRow, metric: ReportRow, label: str, *, sides: tuple[str, str], level: float
) -> str:
    """Return a sentence on two runs that differ in one tag.

    Parameters
    ----------
    label
        What both have in common.
    sides
        What the tag's two values are called.
    """
    percent = bool(metric["percent"])
    of, to = (number(row[k], percent=percent) for k in ("of_value", "to_value"))
    difference = number(row["difference"], percent=percent, signed=True)
    ends = interval(row["low"], row["high"], percent=percent, signed=True)
    unit = " points" if percent else ""
    where = f"{label}, {PROTOCOLS[row['protocol']].lower()}, {row['split']}"
    first, second = sides
    start = f"{where}: {name(metric, row)} is {of} ({first}) against {to} ({second}),"
    shown = f"{start} {difference}{unit} {ends}".rstrip() + f": {_shown(row, metric, level)}"
    return _closed(shown, row)


def _shown(row: ReportRow, metric: ReportRow, level: float) -> str:
    shown = verdict(row["low"], row["high"])
    if shown is None:
        return UNKNOWN
    if shown == 0:
        return f"{NO_DIFFERENCE}{_could_show(row, metric)}"
    if absent(row["p_holm"]) or float(row["p_holm"]) > 1 - level:
        p = p_value(row["p_holm"])
        start = f"the interval excludes zero but the corrected p ({p}) does not, {NO_DIFFERENCE}"
        return f"{start}{_could_show(row, metric)}"
    better = shown < 0 if metric["lower_is_better"] else shown > 0
    p = p_value(row["p_holm"])
    equals = p if p.startswith("<") else f"= {p}"
    return f"the first is {'better' if better else 'worse'} (p {equals} after Holm)"


def _could_show(row: ReportRow, metric: ReportRow) -> str:
    """Return what a comparison that shows no difference could have shown, and equivalence."""
    notes = []
    if not absent(row.get("detectable")):
        people = plural(row["subjects"], "subject")
        smallest = detectable(row, metric)
        notes.append(
            f"{people} show in four studies of five one of {smallest} or more"
            if smallest != NONE
            else f"{people} are too few to show any, however large"
        )
    if row.get("equivalent"):
        percent = bool(metric["percent"])
        margin = number(row["margin"], percent=percent).removesuffix(" %")
        ends = interval(row["within_low"], row["within_high"], percent=percent, signed=True)
        within = f"within ±{margin}{' points' if percent else ''} {ends}"
        equal = "equivalent" if row["equivalent"] == "yes" else "equivalence not shown"
        notes.append(f"{equal} {within}")
    return f" ({'; '.join(notes)})" if notes else ""


def detectable(row: ReportRow, metric: ReportRow) -> str:
    """Return the smallest difference that a comparison could have shown; or that there is none."""
    smallest = row.get("detectable", "")
    if absent(smallest):
        return DASH
    if math.isinf(float(smallest)):
        return NONE
    percent = bool(metric["percent"])
    value = number(smallest, percent=percent).removesuffix(" %")
    return f"{value} points" if percent else value


def dose(effects: Mapping[str, ReportRow], metric: ReportRow, label: str) -> str:
    """Return a sentence on a dose curve: what leakage does, and what the amount of data does.

    Parameters
    ----------
    effects
        Rows of ``dose_effects`` of one curve, by effect.
    """
    slope, amount = effects["slope"], effects.get("amount")
    shown = {
        None: UNKNOWN,
        0: "no effect of leakage shown",
        1: f"{'worse' if metric['lower_is_better'] else 'better'} the more leaks",
        -1: f"{'better' if metric['lower_is_better'] else 'worse'} the more leaks",
    }[verdict(slope["low"], slope["high"])]
    start = f"{label}: {name(metric, slope)} changes by {_effect(slope, metric)} from a training"
    start += " without the tested people’s own segments to one with all slots filled by them"
    claim = f"{start}: {shown}"
    if amount:
        claim += f"; as many more segments of other people change it by {_effect(amount, metric)}"
    return _closed(claim, slope)


def _effect(row: ReportRow, metric: ReportRow) -> str:
    percent = bool(metric["percent"])
    ends = interval(row["low"], row["high"], percent=percent, signed=True)
    unit = " points" if percent else ""
    return f"{number(row['value'], percent=percent, signed=True)}{unit} {ends}".strip()


def published(rows: Sequence[ReportRow], label: str, metric: ReportRow) -> str:
    """Return a sentence that lays ours, under each protocol, beside a published value."""
    percent, first = bool(metric["percent"]), rows[0]
    theirs = number(first["published"], percent=percent)
    start = f"{label}: {name(metric, first)} {theirs} in the paper ({first['source']})"
    ours = [
        f"{estimate(row, 'ours', percent=percent)} {UNSEEN[row['protocol']]} ({place(row)})"
        for row in rows
    ]
    return _closed(f"{start}; here {listed(ours)}", *rows)


def controls(rows: Mapping[str, ReportRow], metric: ReportRow, label: str) -> str:
    """Return what a run scores, under ``""``, and what with inputs that lack the beats."""
    percent, own = bool(metric["percent"]), rows[""]
    others = [
        f"{estimate(row, percent=percent)} ({control})" for control, row in rows.items() if control
    ]
    start = f"{label}, {PROTOCOLS[own['protocol']].lower()}, {own['split']}"
    recorded = f"{name(metric, own)} {estimate(own, percent=percent)} of the input as recorded"
    sentence = f"{start}: {recorded}, and of controls without its beats {listed(others)}"
    return _closed(sentence, own)


def gain(row: ReportRow, metric: ReportRow, label: str) -> str:
    """Return a sentence on what a transfer gains, beside the gain that the paper reports."""
    where = f"{label}, {PROTOCOLS[row['protocol']].lower()}, {row['split']}"
    start = f"{where}: {name(metric, row)} changes by {change(row, metric)}: {_gained(row)}"
    if absent(row["paper"]):
        return _closed(start, row)
    theirs = number(row["paper"], percent=True, signed=True)
    return _closed(f"{start}, where the paper reports {theirs} %", row)


def change(row: ReportRow, metric: ReportRow) -> str:
    """Return a gain with its interval: in per cent of its base, or as a difference, and why."""
    if not row.get("not_relative"):
        ends = interval(row["low"], row["high"], percent=True, signed=True)
        return f"{number(row['gain'], percent=True, signed=True)} % {ends}".strip()
    percent = bool(metric["percent"])
    low, high = row["difference_low"], row["difference_high"]
    ends = interval(low, high, percent=percent, signed=True)
    unit = " points" if percent else ""
    value = f"{number(row['difference'], percent=percent, signed=True)}{unit} {ends}".strip()
    return f"{value} (a difference, no share of the base, {not_relative(row, metric)})"


def not_relative(row: ReportRow, metric: ReportRow) -> str:
    """Return why a gain is not given as a share of its base's value."""
    percent = bool(metric["percent"])
    ends = interval(row["base_low"], row["base_high"], percent=percent)
    base = f"{number(row['base'], percent=percent)} {ends}".strip()
    return NOT_RELATIVE[row["not_relative"]].format(base=base)


def _gained(row: ReportRow) -> str:
    own = ("difference_low", "difference_high") if row.get("not_relative") else ("low", "high")
    shown = verdict(*(row[end] for end in own))
    return UNKNOWN if shown is None else {1: "a gain", -1: "a loss", 0: "no gain shown"}[shown]


def gains_against(
    rows: Sequence[ReportRow], metric: ReportRow, sources: Sequence[str], base: str
) -> str:
    """Return a sentence on what transfers gain over one base that the paper has not.

    Parameters
    ----------
    sources
        What sets the rows' runs apart, in words: ``from TCN weights``.
    base
        Name of the run that they are laid beside.
    """
    first = rows[0]
    changes = [
        f"{change(row, metric)} {source} ({_gained(row)})"
        for row, source in zip(rows, sources, strict=True)
    ]
    start = f"At {first['against']} (against {base})"
    where = f"{PROTOCOLS[first['protocol']].lower()}, {first['split']}"
    sentence = f"{start}, {where}: {name(metric, first)} changes by {listed(changes)}"
    return _closed(sentence, *rows)


def order(rows: Sequence[ReportRow], sources: Sequence[str]) -> str:
    """Return a sentence that lays the order of gains beside the paper's order.

    All are gains over one base, so their order is that of the differences from it.
    """

    def ranked(key: str) -> str:
        pairs = sorted(zip(rows, sources, strict=True), key=lambda p: -float(p[0][key]))
        return " > ".join(source for _, source in pairs)

    protocol = PROTOCOLS[rows[0]["protocol"]].lower()
    ours, papers = ranked("difference"), ranked("paper")
    start = f"Order of the estimated gains, {protocol}, {rows[0]['split']}"
    return f"{start}: {ours}; in the paper {papers}."


def _closed(sentence: str, *rows: ReportRow) -> str:
    """Return a sentence with its full stop, and before it the classes that its rows lack."""
    warnings = dict.fromkeys(filter(None, map(lacking, rows)))
    return f"{sentence}{''.join(f' ({warning})' for warning in warnings)}."


def agreement(row: ReportRow) -> str:
    """Return how far predicted heart rates agree with the true ones."""
    bias = number(row["bias"], signed=True, digits=1)
    sentence = f"Bias {bias} a minute"
    if not absent(row["limits"]):
        ends = [float(row["bias"]) + sign * float(row["limits"]) for sign in (-1, 1)]
        low, high = (number(end, signed=True, digits=1) for end in ends)
        sentence += f", 95 % limits of agreement {low} to {high}"
    left = int(row["windows"]) - int(row["compared"])
    rests = f"{plural(row['compared'], 'window')} of {plural(row['subjects'], 'subject')}"
    out = f"; {count(left)} without a heart rate in both signals left out" if left else ""
    return f"{sentence}: {rests}{out}."
