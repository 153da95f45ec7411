"""The report's words: numbers as text, and what stands above its tables and charts."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Self

from cardiograft.report.inputs import ReportRow

SIMULATED = "Simulated data"
SIMULATED_BANNER = (
    "The recordings behind these values were made by a generative model, not measured on people."
    " They show that the workflow works; they say nothing about hearts, and nothing about how"
    " the paper’s values would change on real recordings."
)
PARTLY_SIMULATED = (
    "Some of the values come from recordings that a generative model made. They are marked"
    " “simulated” and say nothing about hearts."
)
GAP = (
    "The inflation gap is the score under the paper’s protocol minus the score of the same"
    " recipe on unseen subjects. Not all of it is leakage: the protocols can also differ in"
    " classes, in the segments tested, in the number of people trained on and in the epoch kept,"
    " so that even a vote for the most frequent class, which can’t leak, has a gap. What leakage"
    " alone does is measured by dose, where a study has a dose curve."
)
INTERVALS = (
    "{level} intervals come from a bootstrap over subjects ({draws} draws), repeats averaged"
    " within each draw, tails widened for the number of subjects (Hesterberg 2015). A value"
    " that rests on fewer than {least} subjects gets none."
)
PER_RECORD = (
    " Values “per record” count recordings: each is given the mean of the probabilities that its"
    " segments are given."
)
COMPOSITES = " A composite of classes rests on the subjects of its rarest class."
COMPARISONS = (
    "Pairs are compared on the same test segments. p comes from swapping the two runs’"
    " predictions subject by subject; Holm’s correction covers the comparisons that answer one"
    " question. Smallest detectable difference: the smallest true difference that so many"
    " subjects show in four studies of five, (t(1 − α/2) + t(0.8)) standard errors of the"
    " paired bootstrap, α divided by the comparisons of the question. Equivalent: the"
    " interval of two one-sided tests at 5 %, not corrected, lies within a margin"
    " that the config names; without one there is no verdict."
)
PERSONAL = (
    "People are on both sides on purpose: a model is tested on minutes not seen in training, of"
    " people who were, because they are recorded again or calibrate it first. A sample, or a"
    " near-duplicate, on both sides would have stopped the run."
)
DOSES = (
    "One test part, and trainings that differ only in whose segments a part of them holds. All"
    " have the same base; beside it is a fixed number of slots, each of a class, which hold"
    " segments of the tested people themselves, from another part of their recordings, or of"
    " other people who are not in the base. The dose is the share of slots that hold the tested"
    " people’s own ({most} at 100 %); every training has {sizes} segments. Differences and"
    " slopes are paired: each draw of the bootstrap takes the same subjects at every dose. With"
    " empty slots beside dose 0 one sees what as many more segments of other people give."
)
DOSE = (
    "As many segments of the tested people as are asked for are trained on, none that shares a"
    " sample with the test part; their number is verified. Any other leak, in the split or in"
    " the lineage, would have stopped the run."
)
STAGES_OF = (
    "Each box is a stage and says of how many jobs; an arrow is what the next one reads. Arrows"
    " that others imply are left out."
)
REPRODUCE = (
    "From a clone of the project, in its environment, one command makes this page. Where the"
    " recordings are fetched from does not matter: the same bytes give the same values."
)
REPRODUCE_MORE = (
    "Every stage is also a script under workflow/scripts whose --help lists what it takes."
    " Seeds, digests and library versions of each model stand under Training."
)
PROTOCOLS = {
    "paper": "Paper’s protocol",
    "honest": "Honest protocol",
    "personal": "Personal protocol",
    "dose": "Dose protocol",
}
OVERLAYS = (
    "Of each run the subjects with the best, the median and the worst value (their mean over"
    " repeats), and of each of them the window whose value is the median of its own, so that no"
    " window is chosen by eye. The input is scaled to be drawn."
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
LEARNING = (
    "What was measured after every epoch, on the part that watched the training; bands are mean"
    " ± standard deviation over trainings. The learning curve index is the mean rise from epoch to"
    " epoch over the mean fall, times the best value: noise about a level has about its best value,"
    " and a curve that never falls is infinite. The mean leaves those out and says how many."
)
GAINS = (
    "A gain is the improvement over the same network without transfer, on the same test windows;"
    " intervals over subjects, drawn jointly."
)
FINDINGS = {
    "subjects_on_both_sides": "Subjects on both sides",
    "same_recordings": "Recordings under a second name across",
    "near_duplicates": "Near-duplicate segments across",
    "overlapping_windows": "Overlapping windows across",
}
# What two networks are compared in, where weights go from one to the other.
ENDS = {"rate_hz": "rate in Hz", "samples": "samples of a window"}
UNDER = {"paper": "(the paper’s protocol)", "honest": "(unseen subjects)"}
# How an entry was chosen, as sentences and tables say it.
CHOSEN_ON = {
    "validation": "on a validation part",
    "cross-validation": "by cross-validation within the training part",
    "published": "as published",
    "elsewhere": "on people who are not tested",
    "untuned": "with nothing compared",
    "test": "on people who are tested, so that its value is flattered",
    "": "not said how",
}
STAGES = {"pretrain": "Pretraining", "prune": "Pruning", "transfer": "Transfer"}
MINUS, DASH, INFINITE = "−", "–", "∞"


class Printed(str):
    """Text as the page prints it, and what it was rounded from.

    Attributes
    ----------
    exact
        A number, or an interval's two ends, as they were read: shares between 0 and 1, durations in
        seconds, sizes in bytes.
    """

    exact: tuple[str, ...]

    def __new__(cls, text: str, *exact: Any) -> Self:
        """Return the text, with the numbers behind it."""
        printed = super().__new__(cls, text)
        printed.exact = tuple(map(str, exact))
        return printed


def absent(value: Any) -> bool:
    """Whether a cell of a table holds no number."""
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


def number(
    value: Any, *, percent: bool = False, signed: bool = False, digits: int | None = None
) -> str:
    """Return a value as text: ``0.912``, or ``91.2 %`` of a share; a dash where there is none.

    Decimals are three, and one from 10 on, unless given; of per cent one. An infinite one is ∞.
    """
    if absent(value):
        return DASH
    if math.isinf(float(value)):
        plus = "+" if signed else ""
        return Printed(f"{plus if float(value) > 0 else MINUS}{INFINITE}", value)
    if digits is None:
        digits = 1 if percent or abs(float(value)) >= 10 else 3
    text = f"{(100 if percent else 1) * float(value):.{digits}f}"
    text = text if float(text) else text.replace("-", "")
    sign = "+" if signed and float(text) > 0 else ""
    written = (sign + text).replace("-", MINUS) + (" %" if percent and not signed else "")
    return Printed(written, value)


def interval(
    low: Any, high: Any, *, percent: bool = False, signed: bool = False, digits: int | None = None
) -> str:
    """Return ``[0.88, 0.94]``, or nothing where there is no interval."""
    if absent(low) or absent(high):
        return ""
    if digits is None:  # alike at both ends
        digits = 1 if percent or max(abs(float(low)), abs(float(high))) >= 10 else 3
    ends = [
        number(v, percent=percent, signed=signed, digits=digits).removesuffix(" %")
        for v in (low, high)
    ]
    return Printed(f"[{', '.join(ends)}]", low, high)


def remarked(ends: str, remark: str) -> str:
    """Return an interval with what is remarked of the value after it, either of which may lack."""
    text = f"{ends} {remark}".strip()
    return Printed(text, *ends.exact) if isinstance(ends, Printed) else text


def estimate(row: ReportRow, key: str = "value", *, percent: bool = False) -> str:
    """Return a value with its interval."""
    shown = number(row[key], percent=percent)
    return f"{shown} {interval(row['low'], row['high'], percent=percent)}".strip()


def count(value: Any) -> str:
    """Return a whole number with thin spaces between thousands."""
    if absent(value):
        return DASH
    return Printed(f"{round(float(value)):,}".replace(",", "\u202f"), value)


def mean_count(value: Any) -> str:
    """Return a mean of counts: whole where it is, else with one decimal."""
    number = float(value)
    return count(value) if number == round(number) else Printed(f"{number:.1f}", value)


def plural(value: Any, one: str, many: str = "") -> str:
    """Return ``1 record``, ``2 records``."""
    return f"{count(value)} {one if float(value) == 1 else many or one + 's'}"


def p_value(value: Any) -> str:
    """Return a p as text."""
    if absent(value):
        return DASH
    return Printed("< 0.001" if float(value) < 0.001 else f"{float(value):.3f}", value)


def seconds(value: Any) -> str:
    """Return a duration: ``41 s``, ``3 min 20 s``, ``2 h 5 min``."""
    if absent(value):
        return DASH
    whole = round(float(value))
    text = f"{whole // 3600} h {whole % 3600 // 60} min"
    if whole < 60:
        text = f"{float(value):.1f} s" if float(value) < 10 else f"{whole} s"
    elif whole < 3600:
        text = f"{whole // 60} min {whole % 60} s"
    return Printed(text, value)


def size(value: float) -> str:
    """Return bytes in the unit that suits."""
    shown = value
    for unit in ("B", "kB", "MB"):
        if shown < 1000:
            return Printed(f"{shown:.{0 if unit == 'B' else 1}f} {unit}", value)
        shown /= 1000
    return Printed(f"{shown:.1f} GB", value)


def verdict(low: Any, high: Any) -> int | None:
    """Return the sign that an interval shows: 1, -1, 0 where it crosses zero, None for none."""
    if absent(low) or absent(high):
        return None
    if float(low) > 0:
        return 1
    return -1 if float(high) < 0 else 0


def name(metric: ReportRow, row: ReportRow) -> str:
    """Return a metric's title, with the class where it is one class's."""
    which = str(row.get("class") or "")
    return f"{metric['title']} of {which}" if which else str(metric["title"])


def place(row: ReportRow) -> str:
    """Return a run's split, and what is remarked of its data: ``ptb-paper, smoke run``."""
    return ", ".join(str(row[key]) for key in ("split", "remark") if row.get(key))


def audit(split: ReportRow) -> str:
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


def lacking(row: ReportRow) -> str:
    """Return which classes the tested part lacks: ``no healthy segments in the test part``."""
    classes = str(row.get("missing_classes") or "")
    part = str(row.get("part") or "test").partition(",")[0]
    return f"no {classes.replace(', ', ' or ')} segments in the {part} part" if classes else ""


def formatted(value: Any, how: str) -> str:
    """Return a value as text in a format of `cardiograft.tables.own_table`."""
    kind, _, digits = how.partition(":")
    if kind == "count":
        return count(value)
    if kind in ("number", "percent"):
        return number(value, percent=kind == "percent", digits=int(digits) if digits else None)
    return str(value)
