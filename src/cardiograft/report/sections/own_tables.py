"""Tables that a study makes itself, printed in the formats that it names for their columns."""

from typing import Any

from cardiograft.report import wording
from cardiograft.report.cells import Cell, Line, Table
from cardiograft.report.inputs import ReportRow, Study
from cardiograft.report.run_names import RunNames
from cardiograft.tables.own_table import ENDS, MISSING, REMARK

WORDS = ("text", "run")


def beside_published(study: Study, names: RunNames) -> list[Table]:
    """Return the study's own tables that stand beside the published values."""
    elsewhere = {name for names_ in study.about["sections"].values() for name in names_}
    return [_table(study, name, names) for name in _own(study) if name not in elsewhere]


def sections(study: Study, names: RunNames) -> list[dict[str, Any]]:
    """Return headings, and the study's own tables below each."""
    headed = []
    for k, (title, members) in enumerate(study.about["sections"].items()):
        tables = [_table(study, name, names) for name in members if name in _own(study)]
        if tables:
            headed.append({"id": f"{study.name}-own-{k}", "title": title, "tables": tables})
    return headed


def _own(study: Study) -> list[str]:
    return list(study.about["captions"])


def _table(study: Study, name: str, names: RunNames) -> Table:
    formats: dict[str, str] = study.about["formats"][name]
    rows: list[Line] = [
        [_cell(row, column, how, study, names) for column, how in formats.items()]
        for row in study.rows(name)
    ]
    words = frozenset(k for k, how in enumerate(formats.values()) if how in WORDS)
    return Table(caption=study.about["captions"][name], head=list(formats), rows=rows, words=words)


def _cell(row: ReportRow, column: str, how: str, study: Study, names: RunNames) -> Cell:
    value, remark = row[column], row.get(f"{column} {REMARK}", "")
    if how == "run":
        title = names.by_run.get(value)
        return Cell(title, small=value) if title else Cell(value)
    if how in WORDS:
        return Cell(value or wording.DASH, small=remark)
    if how == "metric":
        how = "percent" if study.about["metrics"][row["metric"]]["percent"] else "number"
    kind, _, digits = how.partition(":")
    ends = wording.interval(
        *(row.get(f"{column} {end}", "") for end in ENDS),
        percent=kind == "percent",
        digits=int(digits) if digits else None,
    )
    text = wording.formatted(value, how)
    warning = wording.lacking({"missing_classes": row.get(f"{column} {MISSING}", "")})
    small = wording.remarked(ends, remark)
    return Cell(text, small=small, warning=warning)
