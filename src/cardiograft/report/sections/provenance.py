"""Where the figures come from, as the page shows it: data, splits, audits, models, costs."""

from typing import Any

import pandas as pd
from markupsafe import Markup

from cardiograft.report import wording
from cardiograft.report.cells import Cell, Table, mark, once
from cardiograft.report.charts import dumbbells
from cardiograft.report.inputs import Content, ReportInputs
from cardiograft.report.sections import costs

QUARANTINED = "quarantined"


def section(found: ReportInputs) -> dict[str, Any]:
    """Return all that the template needs of what lies behind the results."""
    return {
        "databases": database_table(found),
        "quarantined": quarantine_table(found),
        "segments": segment_table(found),
        "splits": split_table(found),
        "examples": examples(found),
        "audits": audit_table(found),
        "curves": curves(found),
        "ledgers": ledgers(found),
        "costs": costs.cost_table(found),
        "versions": version_table(found),
        "weights": weights_table(found),
        "warnings": once(w for s in found.studies for w in s.about.get("warnings", [])),
    }


def database_table(found: ReportInputs) -> Table:
    """Return what was fetched or made of every database."""
    rows: list[list[str | Cell]] = []
    for name, manifest in found.manifests.items():
        left = [r for r in manifest["records"] if r["status"] == QUARANTINED]
        files = manifest["files"]
        verified = sum(bool(f.get("verified")) for f in files)
        refused = len(manifest.get("refused", []))
        said = f"{verified} of {len(files)}" + (f", {refused} refused" if refused else "")
        rows.append(
            [
                Cell(name, small=f"{manifest['slug']} {manifest['version']}", mark=mark(manifest)),
                wording.count(len(manifest["records"]) - len(left)),
                wording.count(len(left)),
                wording.size(sum(f["bytes"] for f in files)),
                said,
                Cell(str(manifest["digest"])[:12], mark="code"),
            ]
        )
    return Table(
        caption="Recordings",
        head=("Database", "Accepted", "Quarantined", "Size", "Files verified", "Digest"),
        rows=rows,
    )


def quarantine_table(found: ReportInputs) -> Table | None:
    """Return the recordings that were left out, with reasons."""
    rows: list[list[str | Cell]] = [
        [record["name"], name, str(record["reason"])]
        for name, manifest in found.manifests.items()
        for record in manifest["records"]
        if record["status"] == QUARANTINED
    ]
    if not rows:
        return None
    return Table(
        caption=f"Quarantined: {wording.plural(len(rows), 'recording')}",
        head=("Recording", "Database", "Reason"),
        rows=rows,
        words=frozenset({1, 2}),
    )


def segment_table(found: ReportInputs) -> Table:
    """Return how many segments came of each database, and what was dropped."""
    rows: list[list[str | Cell]] = []
    for name, summary in found.segments.items():
        counted = [f"{label} {wording.count(n)}" for label, n in summary["labels"].items()]
        dropped = {**summary.get("left_out", {}), **summary["dropped"]}
        rows.append(
            [
                Cell(name, mark=mark(summary)),
                wording.count(summary["segments"]),
                wording.count(summary["subjects"]),
                " · ".join(counted) or wording.DASH,
                wording.few(dropped),
            ]
        )
    return Table(
        caption="Segments",
        head=("Entry", "Segments", "Subjects", "By label", "Dropped"),
        rows=rows,
        words=frozenset({3, 4}),
    )


def split_table(found: ReportInputs) -> Table:
    """Return who is in which part, and what the audit found."""
    rows: list[list[str | Cell]] = []
    for name, audit in found.splits.items():
        parts = [_part(audit["counts"].get(p)) for p in ("train", "validation", "test", "out")]
        findings = [
            f"{wording.FINDINGS.get(key, key.replace('_', ' '))}: {wording.count(n)}"
            for key, n in audit["findings"].items()
            if n
        ]
        verdict = wording.audit(audit)
        rows.append(
            [
                Cell(name, small=wording.PROTOCOLS[audit["protocol"]]),
                *parts,
                Cell(verdict, small="; ".join(findings), mark=f"verdict {audit['protocol']}"),
            ]
        )
    return Table(
        caption="Splits: segments, and the subjects that they come from",
        head=("Split", "Train", "Validation", "Test", "Left out", "Audit"),
        rows=rows,
        words=frozenset({5}),
    )


def _part(counts: Content | None) -> Cell:
    if not counts or not counts["segments"]:
        return Cell(wording.DASH)
    return Cell(
        wording.count(counts["segments"]), small=wording.plural(counts["subjects"], "subject")
    )


def examples(found: ReportInputs) -> list[str]:
    """Return some of what the splits' audits found."""
    said = []
    for name, audit in found.splits.items():
        for key, some in audit.get("examples", {}).items():
            if some:
                what = wording.FINDINGS.get(key, key.replace("_", " ")).lower()
                said.append(f"{name}, {what}: {'; '.join(_plain(s) for s in some[:3])}")
    return said


def _plain(example: Any) -> str:
    if isinstance(example, list | tuple):
        return " and ".join(map(str, example))
    if isinstance(example, dict):
        return ", ".join(f"{k.replace('_', ' ')} {_plain(v)}" for k, v in example.items())
    return str(example)


def audit_table(found: ReportInputs) -> Table | None:
    """Return whether any training behind an evaluation saw its test subjects."""
    rows: list[list[str | Cell]] = []
    for name, audit in found.audits.items():
        findings = [said for f in audit["findings"] if (said := _finding(f))]
        rows.append(
            [
                Cell(name, small=wording.PROTOCOLS[audit["protocol"]]),
                Cell(wording.audit(audit), mark=f"verdict {audit['protocol']}"),
                "; ".join(findings) or "none",
            ]
        )
    if not rows:
        return None
    return Table(
        caption="Lineage: did any training behind a model see the subjects it is tested on?",
        head=("Evaluation", "Audit", "Findings"),
        rows=rows,
        words=frozenset({1, 2}),
    )


def _finding(finding: Content) -> str:
    said = []
    if finding["subjects"]:
        said.append(wording.plural(finding["subjects"], "subject"))
    if finding["segments"]:
        said.append(wording.plural(finding["segments"], "segment"))
    if finding["chosen_on_test"]:
        said.append("its epoch was chosen on the test part")
    where = f"{wording.STAGES.get(finding['stage'], finding['stage'])} {finding['ancestor']}"
    return f"{where}: {', '.join(said)}" if said else ""


def curves(found: ReportInputs) -> list[dict[str, Any]]:
    """Return a small figure of the loss for every trained entry, its repeats overlaid."""
    entries = once("\t".join(key[:2]) for key in found.histories)
    drawn = []
    for stage, entry in (e.split("\t") for e in entries):
        own = [h for key, h in found.histories.items() if key[:2] == (stage, entry)]
        lines = [line for history in own for line in _lines(history)]
        stage_name = wording.STAGES.get(stage, stage)
        figure = dumbbells.curve(lines, title=f"Loss of {entry} over epochs") if lines else Markup()
        if figure:
            epochs = int(max(line["x"][-1] for line in lines))
            ends = {line["part"]: float(line["y"][-1]) for line in lines}
            said = ", ".join(f"{part} {value:.3f}" for part, value in ends.items())
            drawn.append(
                {
                    "stage": stage_name,
                    "entry": entry,
                    "figure": figure,
                    "said": f"{wording.plural(epochs, 'epoch')}; last loss: {said}",
                }
            )
    return drawn


def _lines(history: pd.DataFrame) -> list[dict[str, Any]]:
    loss = history[history["metric"] == "loss"]
    return [
        {"part": part, "x": group["epoch"].tolist(), "y": group["value"].tolist()}
        for part, group in loss.groupby("part", sort=True)
    ]


def ledgers(found: ReportInputs) -> list[dict[str, Any]]:
    """Return, of each transfer's first repeat, what became of every tensor."""
    shown = []
    first = {key[:2]: key for key in reversed(list(found.ledgers))}
    for key in reversed(list(first.values())):
        ledger = found.ledgers[key]
        if not ledger["loaded"]:
            continue
        share = wording.number(ledger["share_of_all"], percent=True)
        rows = [_ledger_row(line) for line in ledger["tensors"]]
        caption = f"{key[1]}: {share} of {wording.count(ledger['parameters'])} parameters loaded"
        shown.append(
            {
                "caption": caption,
                "table": Table(
                    caption=caption,
                    head=("Tensor", "Shape", "Parameters", "State", "From"),
                    rows=rows,
                    words=frozenset({1, 3, 4}),
                ),
            }
        )
    return shown


def _ledger_row(line: Content) -> list[str | Cell]:
    shape = " × ".join(map(str, line["shape"])) or "scalar"
    source = f"{line['entry']}: {line['source']}" if line.get("source") else ""
    why = line.get("why", "")
    return [
        Cell(line["tensor"], mark="code"),
        shape,
        wording.count(line["parameters"]),
        Cell(line["state"], small=why),
        source or wording.DASH,
    ]


def version_table(found: ReportInputs) -> Table | None:
    """Return the libraries that made the models."""
    seen: dict[str, list[str]] = {}
    for card in found.cards.values():
        for library, version in card.get("versions", {}).items():
            seen.setdefault(library, []).append(str(version))
    if not seen:
        return None
    rows = [[library, ", ".join(sorted(set(seen[library])))] for library in sorted(seen)]
    return Table(
        caption="Versions behind the models",
        head=("Library", "Version"),
        rows=rows,
        words=frozenset({1}),
    )


def weights_table(found: ReportInputs) -> Table | None:
    """Return what identifies each model: seed, and digests of weights and split."""
    rows: list[list[str | Cell]] = [
        [
            Cell(f"{key[1]} / {key[2]}", small=wording.STAGES.get(key[0], key[0])),
            str(card.get("seed", wording.DASH)),
            Cell(str(card.get("weights_sha256", ""))[:12], mark="code"),
            Cell(str(card.get("split_digest", ""))[:12], mark="code"),
        ]
        for key, card in found.cards.items()
    ]
    if not rows:
        return None
    return Table(
        caption="Models: seeds and digests",
        head=("Model", "Seed", "Weights", "Split"),
        rows=rows,
    )
