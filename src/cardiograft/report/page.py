"""The whole report as one self-contained HTML page: the same input gives the same bytes."""

import jinja2
from markupsafe import Markup

from cardiograft.report import wording
from cardiograft.report.inputs import ReportInputs
from cardiograft.report.sections import provenance, results
from cardiograft.report.style import STYLE
from cardiograft.report.template import PAGE
from cardiograft.specs.report import Report


def render(spec: Report, found: ReportInputs, *, command: str = "") -> str:
    """Return the page.

    Nothing in it is loaded from anywhere, nothing runs, and there is no date in it.

    Parameters
    ----------
    command
        What made it, as the page says under how to reproduce.
    """
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    )
    studies = [results.section(s) for s in found.studies]
    origin = provenance.section(found)
    return environment.from_string(PAGE).render(
        title=spec.title,
        lead=lead(found),
        banner=banner(found),
        studies=studies,
        p=origin,
        words=wording,
        legend=results.legend(),
        gain_legend=results.legend(published=True),
        style=Markup(STYLE),
        command=command,
    )


def banner(found: ReportInputs) -> str:
    """Return the words at the top of a report that holds simulated data, or nothing."""
    if not found.simulated:
        return ""
    all_ = [*found.manifests.values(), *found.segments.values()]
    whole = all(piece.get("simulated") for piece in all_)
    return wording.SIMULATED_BANNER if whole else wording.PARTLY_SIMULATED


def lead(found: ReportInputs) -> str:
    """Return a sentence on what was run."""
    accepted = sum(
        record["status"] == "accepted"
        for manifest in found.manifests.values()
        for record in manifest["records"]
    )
    segments = sum(int(summary["segments"]) for summary in found.segments.values())
    runs = sum(study.frame("scores")["run"].nunique() for study in found.studies)
    parts = [
        wording.plural(len(found.studies), "study", "studies"),
        wording.plural(runs, "run"),
        wording.plural(len(found.cards), "trained model"),
    ]
    data = f"{wording.plural(accepted, 'recording')} of {wording.listed(sorted(found.manifests))}"
    return f"{wording.listed(parts)}; {data}; {wording.plural(segments, 'segment')}."
