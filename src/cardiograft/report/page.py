"""The whole report as one self-contained HTML page: the same input gives the same bytes."""

import itertools
import re
from collections.abc import Collection, Mapping

import jinja2
import pandas as pd
from markupsafe import Markup, escape

from cardiograft import plugins
from cardiograft.report import behaviour, headline, measured, wording
from cardiograft.report.headline import HeadlineRow
from cardiograft.report.inputs import Content, ReportInputs, Study
from cardiograft.report.sections import provenance, results, run_cards, sources, stages
from cardiograft.report.style import STYLE
from cardiograft.report.template import FIRST_SCREEN, PAGE
from cardiograft.specs.report import Report

SEPARATORS = re.compile("( / | · |, )")


def render(spec: Report, inputs: ReportInputs, *, command: str = "") -> str:
    """Return the page.

    Nothing in it is loaded from anywhere, what runs is its own script
    (`cardiograft.report.behaviour`), and there is no date in it.

    Parameters
    ----------
    command
        What made it, as the page says under how to reproduce.
    """
    studies = [results.section(s, inputs) for s in inputs.studies]
    # A run that several studies tell of has one card: that of the first.
    known: set[str] = set()
    for study in studies:
        study["cards"] = [card for card in study["cards"] if card["run"] not in known]
        known |= {card["run"] for card in study["cards"]}
    skeleton = _environment(known).from_string(PAGE)
    return skeleton.render(
        title=spec.title,
        lead=lead(inputs),
        banner=banner(inputs),
        first_rows=[first_row(s) for s in inputs.studies if headline.stands(s.name)],
        first_head=headline.HEAD,
        studies=studies,
        p=provenance.section(inputs, spec.stands_in),
        stages=stages.section(inputs),
        sources=sources.section(inputs),
        words=wording,
        legend=results.legend(),
        gain_legend=results.legend(published=True),
        style=Markup(STYLE),
        script=Markup(behaviour.SCRIPT),
        policy=Markup(behaviour.POLICY),
        number=itertools.count(1).__next__,
        number_figure=itertools.count(1).__next__,
        command=command,
    )


def _environment(runs: Collection[str] = ()) -> jinja2.Environment:
    """Return what fills a skeleton; names of `runs` in small print lead to their cards."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    )
    environment.filters["card_id"] = run_cards.card_id
    environment.filters["linked"] = lambda text: _linked(text, runs)
    return environment


def _linked(text: str, runs: Collection[str]) -> Markup:
    """Return a text in which each name of a run is a link; names stand between separators."""
    link = Markup('<a href="#{}">{}</a>')
    parts = SEPARATORS.split(text)
    linked = (link.format(run_cards.card_id(p), p) if p in runs else escape(p) for p in parts)
    return Markup("").join(linked)


def first_row(study: Study) -> HeadlineRow:
    """Return a study's row of the first screen, made as the README's of a published table."""
    table = measured.table(study, {}, command="", commit="", simulated=True)
    lacking = {r["run"]: wording.lacking(r) for r in study.rows("scores") if r["part"] == "test"}
    simulated = bool(study.about["simulated"])
    return headline.headline_row(study.name, table, simulated=simulated, lacking=lacking)


def first_screen(title: str, tables: Mapping[str, pd.DataFrame]) -> str:
    """Return the first screen alone, of published tables: each study's by its name."""
    rows = [headline.headline_row(study, table) for study, table in tables.items()]
    every = pd.concat(tables.values(), ignore_index=True)
    of_runs = every[every["protocol"].isin(wording.PROTOCOLS)]
    # a study may call its data otherwise (`graded and mixtures`), which is no name of recordings
    named = {name for text in of_runs["data"] for name in text.split(", ")}
    data = sorted(named & set(plugins.names("datasets")))
    parts = [
        wording.plural(len(tables), "study", "studies"),
        wording.plural(of_runs["run"].nunique(), "run"),
    ]
    skeleton = _environment().from_string(FIRST_SCREEN)
    return skeleton.render(
        title=title,
        lead=f"{wording.listed(parts)}, on recordings of {wording.listed(data)}.",
        banner="",
        first_rows=rows,
        first_head=headline.HEAD,
        words=wording,
        style=Markup(STYLE),
        policy="",
    )


def banner(inputs: ReportInputs) -> str:
    """Return the words at the top of a report that holds simulated data, or nothing."""
    if not inputs.simulated:
        return ""
    return wording.SIMULATED_BANNER if _all_simulated(inputs) else wording.PARTLY_SIMULATED


def lead(inputs: ReportInputs) -> str:
    """Return the paragraph at the top: what was run, and on what."""
    recorded, generated = (
        {name: m for name, m in inputs.manifests.items() if bool(m.get("generated")) == of}
        for of in (False, True)
    )
    segments = sum(int(summary["segments"]) for summary in inputs.segments.values())
    runs = sum(study.frame("scores")["run"].nunique() for study in inputs.studies)
    parts = [
        wording.plural(len(inputs.studies), "study", "studies"),
        wording.plural(runs, "run"),
        wording.plural(len(inputs.cards), "trained model"),
    ]
    kind = "simulated recording" if _all_simulated(inputs) else "recording"
    data = [
        f"{wording.plural(_accepted(own), what)} of {wording.listed(sorted(own))}"
        for own, what in ((recorded, kind), (generated, "generated item"))
        if own
    ]
    return (
        f"{wording.listed(parts)}, from {', and from '.join(data)},"
        f" cut into {wording.plural(segments, 'segment')}."
    )


def _accepted(manifests: Mapping[str, Content]) -> int:
    records = [record for manifest in manifests.values() for record in manifest["records"]]
    return sum(record["status"] == "accepted" for record in records)


def _all_simulated(inputs: ReportInputs) -> bool:
    sources = [*inputs.manifests.values(), *inputs.segments.values()]
    return bool(sources) and all(one.get("simulated") for one in sources)
