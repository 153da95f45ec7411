"""A card for each run: on which data, in which split, by which weights, how often looked at.

Every run that a table names leads to its card.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from cardiograft.report import wording
from cardiograft.report.cells import Cell, Line, Table, once, per_record
from cardiograft.report.inputs import Content, ReportInputs, ReportRow, Study
from cardiograft.report.run_names import RunNames
from cardiograft.report.sections import looks

SHOWN = 12  # digits of a digest on the page; a CSV has all


def card_id(run: str) -> str:
    """Return the place of a run's card on the page."""
    return "card-" + re.sub(r"[^\w.-]", "_", run)


def section(study: Study, inputs: ReportInputs, names: RunNames) -> list[dict[str, Any]]:
    """Return what the card of each of a study's runs says: sentences, and the models behind it."""
    looked = looks.of_runs(study.rows("looks"))
    first: dict[str, ReportRow] = {}
    for row in study.rows("scores"):
        if row["part"] == "test":
            first.setdefault(row["run"], row)
    return [
        {
            "run": run,
            "title": names.by_run.get(run, run),
            "lines": [
                *tested(row, looked.get(run, [])),
                *_looked(looked.get(run, []), inputs),
            ],
            "table": _models(run, study, inputs),
        }
        for run, row in first.items()
    ]


def tested(row: ReportRow, looked: Sequence[ReportRow]) -> Iterator[str]:
    """Yield what a run was tested on.

    Parameters
    ----------
    row
        Of a value of it. Its subjects are those of the rarest class, where it is a composite.
    looked
        Rows of its folds, with the people of each test part: all of them.
    """
    where = wording.PROTOCOLS.get(row["protocol"], row["protocol"])
    kind = "simulated " if row.get("simulated") == "True" else ""
    kind += "recording" if per_record(row) else "segment"
    people = sum(int(fold["people"]) for fold in looked)
    who = wording.plural(people, "person", "people")
    if not people:
        who = wording.plural(row["subjects"], "subject")
    yield (
        f"{where}, split {row['split']}: tested on {wording.plural(row['segments'], kind)} of"
        f" {who}; {wording.plural(row['repeats'], 'repeat')}."
    )


def _looked(rows: Sequence[ReportRow], inputs: ReportInputs) -> Iterator[str]:
    """Yield how a run was chosen, and what the ledger says of its test part."""
    if not rows:
        return
    counts = looks.looks_of(rows, inputs)
    people = once(str(row["people_digest"])[:SHOWN] for row in rows)
    yield f"Chosen {wording.CHOSEN_ON[rows[0]['chosen_on']]}."
    if not counts["networks"]:
        yield f"No look at its test part ({', '.join(people)}) is in the ledger of these results."
        return
    yield (
        f"Its test part ({', '.join(people)}) has been looked at with"
        f" {wording.plural(counts['networks'], 'network')} of"
        f" {wording.plural(counts['settings'], 'setting')} so far{looks.of_epochs(counts)}."
    )


def _models(run: str, study: Study, inputs: ReportInputs) -> Table | None:
    """Return every network behind a run; nothing of a run that has none."""
    members = inputs.plan.get("members", {}).get(study.name, {}).get(run, [run])
    trained = dict.fromkeys(
        (str(one["stage"]), str(one["ancestor"]))
        for member in members
        for one in inputs.audits.get(member, {}).get("findings", [])
    )
    rows: list[Line] = [
        [
            Cell(f"{entry} / {repeat}", small=wording.STAGES.get(stage, stage)),
            _data(card, inputs),
            _digest(card.get("split_digest")),
            str(card.get("seed", wording.DASH)),
            _digest(card.get("weights_sha256")),
        ]
        for stage, entry in trained
        for (of, name, repeat), card in inputs.cards.items()
        if (of, name) == (stage, entry)
    ]
    if not rows:
        return None
    return Table(
        caption=f"Networks behind {run}",
        head=("Network / repeat", "Data", "Split", "Seed", "Weights"),
        rows=rows,
        words=frozenset({1}),
    )


def _data(card: Content, inputs: ReportInputs) -> Cell:
    """Return the segments that a network was trained on, and the databases that they are cut of."""
    used = list(card.get("data", {}))
    databases = once(
        f"{name} {manifest['version']} ({str(manifest['digest'])[:SHOWN]})"
        for one in used
        for name, manifest in inputs.manifests.items()
        if inputs.segments.get(one, {}).get("manifest_digest") == manifest["digest"]
    )
    return Cell(", ".join(used) or wording.DASH, small=", ".join(databases))


def _digest(digest: Any) -> Cell:
    if not digest:
        return Cell(wording.DASH)
    return Cell(wording.Printed(str(digest)[:SHOWN], digest), mark="code")
