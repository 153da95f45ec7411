"""Values within the prose of documents: each is followed by where it is published.

``0.585<!--mitdb-cnn-all|jkappa-->`` is the value of that run and metric in the study's published
table, and is renewed with it. What stands before the comment says how it is written: with so many
decimals, with an interval where it has one (``0.585 [0.398, 0.781]``), and with a sign where it has
one (``+0.016``). A number without a comment is one that somebody typed; ``.69<!--paper-->`` says
where such a number is from.

``run|metric``, ``run|metric|class``; of a gap, a gain or a dose the run is as the table has it, and
``slope: run|metric`` names a dose's effect by the first run of its curve. Of a comparison,
``run - run|p``, ``p_holm``, ``family`` and ``accuracy, detectable`` stand beside the difference.
``run|learning index of macro_f1, test`` and ``run - run|welch_t of macro_f1`` are of trainings.
What is infinite is printed as ∞, what is undefined in that word, and as a number when it is one.
"""

import re
from collections.abc import Mapping

import pandas as pd

from cardiograft import plugins
from cardiograft.report import wording
from cardiograft.report.cells import records
from cardiograft.report.measured_names import DOSE, GAIN, UNDEFINED, MeasuredRow

NUMBER = r"[+−]?(?:\d+\.(?P<decimals>\d+)|\d+)(?: %)?"
NO_NUMBER = rf"[+−]?{wording.INFINITE}|\b{UNDEFINED}\b"
VALUE = re.compile(
    rf"(?P<text>{NO_NUMBER}|{NUMBER}(?: \[[^\[\]]*\])?)<!--(?P<place>[^<>|]+\|[^<>]+)-->"
)
EFFECTS = ("slope", "amount")
TIMES = {"wall_s": 60.0}  # printed in minutes


def renewed_values(text: str, table: pd.DataFrame) -> str:
    """Return a document with every published value in its prose renewed.

    Parameters
    ----------
    table
        The study's published table, every cell text.

    Raises
    ------
    ValueError
        A value is of a run or a metric that the table does not have.
    """
    known = {_key(row): row for row in records(table) if row["value"]}
    return VALUE.sub(lambda match: _renewed(match, known), text)


def _key(row: MeasuredRow) -> str:
    """Return how prose names a row: ``run|metric|class``."""
    effect = str(row["protocol"]).removeprefix(DOSE)
    run = f"{effect}: {row['run'].split(', ')[0]}" if effect in EFFECTS else row["run"]
    # Of a training's time the class is its stage, which goes without saying.
    which = "" if row["metric"] in TIMES else row["class"]
    return "|".join(part for part in (run, row["metric"], which) if part)


def _renewed(match: re.Match[str], known: Mapping[str, MeasuredRow]) -> str:
    place, old = match["place"], match["text"]
    if place not in known:
        hint = plugins.guess(place, sorted(known))
        raise ValueError(f"<!--{place}-->: no such value is published.{hint}")
    row, signed = known[place], old[0] in "+−"
    if row["value"] == UNDEFINED:
        return f"{UNDEFINED}<!--{place}-->"
    metric, percent = row["metric"], _percent(row["metric"])
    digits = None if re.fullmatch(NO_NUMBER, old) else len(match["decimals"] or "")
    value = float(row["value"]) / TIMES.get(metric, 1.0)
    text = wording.number(value, percent=percent, signed=signed, digits=digits)
    if percent and signed and metric.startswith(GAIN):
        text += " %"
    ends = ""
    if "[" in old:
        ends = wording.interval(
            row["low"], row["high"], percent=percent, signed=signed, digits=digits
        )
    return f"{text} {ends}".strip() + f"<!--{place}-->"


def _percent(metric: str) -> bool:
    if metric.startswith(GAIN):
        return True
    name = re.split(r"[(,]", metric)[0]
    known = name in plugins.names("metrics")
    return known and bool(plugins.constants("metrics", name)["PERCENT"])
