"""Where the values come from, as the page shows it: data, splits, audits, models, costs."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pandas as pd
from markupsafe import Markup

from cardiograft.report import wording
from cardiograft.report.cells import Cell, Table, mark, once
from cardiograft.report.charts import dumbbells
from cardiograft.report.inputs import Content, ReportInputs
from cardiograft.report.sections import costs, exported, gates, ledgers

QUARANTINED = "quarantined"


def section(
    inputs: ReportInputs, stands_in: Mapping[str, str] = MappingProxyType({})
) -> dict[str, Any]:
    """Return all that the template needs of what lies behind the results."""
    return {
        "databases": database_table(inputs, stands_in),
        "quarantined": quarantine_table(inputs),
        "left_out": left_out_table(inputs),
        "noted": noted_table(inputs),
        "segments": segment_table(inputs),
        "gates": gates.gate_table(inputs),
        "splits": split_table(inputs),
        "examples": examples(inputs),
        "audits": audit_table(inputs),
        "curves": curves(inputs),
        "ledgers": ledgers.ledgers(inputs),
        "costs": costs.cost_table(inputs),
        "exports": exported.export_table(inputs),
        "versions": version_table(inputs),
        "weights": weights_table(inputs),
        "warnings": once(w for s in inputs.studies for w in s.about.get("warnings", [])),
    }


def database_table(
    inputs: ReportInputs, stands_in: Mapping[str, str] = MappingProxyType({})
) -> Table:
    """Return what was fetched or made of every database, and what it is used in place of."""
    rows: list[list[str | Cell]] = []
    for name, manifest in inputs.manifests.items():
        left = [r for r in manifest["records"] if r["status"] == QUARANTINED]
        files = manifest["files"]
        about = f"{manifest['slug']} {manifest['version']}"
        if name in stands_in:
            about += f"; stands in for {stands_in[name]}"
        rows.append(
            [
                Cell(name, small=about, mark=mark(manifest)),
                wording.count(len(manifest["records"]) - len(left)),
                wording.count(len(left)),
                wording.size(sum(f["bytes"] for f in files)),
                _verified(manifest),
                Cell(str(manifest["digest"])[:12], mark="code"),
            ]
        )
    return Table(
        caption="Recordings",
        head=("Database", "Accepted", "Quarantined", "Size", "Files verified", "Digest"),
        rows=rows,
    )


def _verified(manifest: Content) -> Cell:
    """Return how many files a hash vouches for; the list of hashes itself is not counted."""
    hashes = manifest.get("hashes", {})
    files = [f for f in manifest["files"] if f["path"] != "SHA256SUMS.txt"]
    refused = len(manifest.get("refused", []))
    verified = sum(bool(f.get("verified")) for f in files)
    checked = f"{wording.count(verified)} of {wording.count(len(files))}"
    checked += f", {wording.count(refused)} refused" if refused else ""
    notes = []
    if not hashes.get("listed", True) and manifest.get("folder"):
        checked = wording.DASH  # read where they lie: no mirror, and no list of hashes
    elif not hashes.get("listed", True):
        notes.append("the mirror has no SHA256SUMS.txt")
    if hashes.get("malformed"):
        notes.append(f"{hashes['malformed']} lines of SHA256SUMS.txt are no hash and name")
    return Cell(checked, warning="; ".join(notes))


def quarantine_table(inputs: ReportInputs) -> Table | None:
    """Return the recordings that were left out, with reasons."""
    rows: list[list[str | Cell]] = [
        [record["name"], name, str(record["reason"])]
        for name, manifest in inputs.manifests.items()
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


def left_out_table(inputs: ReportInputs) -> Table | None:
    """Return the recordings that could be read and yet not be cut as asked, with reasons."""
    rows: list[list[str | Cell]] = [
        [record, entry, str(reason)]
        for entry, summary in inputs.segments.items()
        for record, reason in summary.get("records_left_out", {}).items()
    ]
    if not rows:
        return None
    return Table(
        caption=f"Left out of segments: {wording.plural(len(rows), 'recording')}",
        head=("Recording", "Segments", "Reason"),
        rows=rows,
        words=frozenset({1, 2}),
    )


def noted_table(inputs: ReportInputs) -> Table | None:
    """Return what was not as usual about recordings that are used, and about a folder's tables."""
    rows: list[list[str | Cell]] = []
    for name, manifest in inputs.manifests.items():
        rows += [[wording.DASH, name, line] for line in manifest.get("remarks", [])]
        for record in manifest["records"]:
            if record["status"] != QUARANTINED:
                rows += [[record["name"], name, str(note)] for note in record.get("notes", [])]
    for entry, summary in inputs.segments.items():
        for kind, notes in summary.get("notes", {}).items():
            for record, _, detail in (str(note).partition(": ") for note in notes):
                rows.append([record, entry, f"{kind}: {detail}"])
    if not rows:
        return None
    return Table(
        caption=f"Noted on reading: {wording.plural(len(rows), 'line')}",
        head=("Recording", "Of", "Note"),
        rows=rows,
        words=frozenset({1, 2}),
    )


def segment_table(inputs: ReportInputs) -> Table:
    """Return how many segments came of each database, and what was dropped."""
    rows: list[list[str | Cell]] = []
    for name, summary in inputs.segments.items():
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
        # One database's own names: a person with two of them is counted as one in the splits.
        head=("Entry", "Segments", "Subjects, as filed", "By label", "Dropped"),
        rows=rows,
        words=frozenset({3, 4}),
    )


def split_table(inputs: ReportInputs) -> Table:
    """Return who is in which part, and what the audit inputs."""
    rows: list[list[str | Cell]] = []
    for name, audit in inputs.splits.items():
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


def examples(inputs: ReportInputs) -> list[str]:
    """Return some of what the splits' audits inputs."""
    lines = []
    for name, audit in inputs.splits.items():
        for key, some in audit.get("examples", {}).items():
            if some:
                what = wording.FINDINGS.get(key, key.replace("_", " ")).lower()
                lines.append(f"{name}, {what}: {'; '.join(_plain(s) for s in some[:3])}")
    return lines


def _plain(example: Any) -> str:
    if isinstance(example, list | tuple):
        return " and ".join(map(str, example))
    if isinstance(example, dict):
        return ", ".join(f"{k.replace('_', ' ')} {_plain(v)}" for k, v in example.items())
    return str(example)


def audit_table(inputs: ReportInputs) -> Table | None:
    """Return whether any training behind an evaluation saw its test subjects."""
    rows: list[list[str | Cell]] = []
    for name, audit in inputs.audits.items():
        findings = [text for f in audit["findings"] if (text := _finding(f, inputs))]
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


def _finding(finding: Content, inputs: ReportInputs) -> str:
    parts = []
    if finding["subjects"]:
        parts.append(wording.plural(finding["subjects"], "subject"))
    if finding["segments"]:
        parts.append(wording.plural(finding["segments"], "segment"))
    if recordings := finding.get("recordings"):
        parts.append(f"{wording.plural(recordings, 'recording')} under another name")
    if noises := finding.get("noises"):
        parts.append(f"the noise of {wording.plural(noises, 'recording')}")
    if finding["chosen_on_test"]:
        parts.append(f"its epoch was chosen on the test part{_epochs(finding, inputs)}")
    where = f"{wording.STAGES.get(finding['stage'], finding['stage'])} {finding['ancestor']}"
    return f"{where}: {', '.join(parts)}" if parts else ""


def _epochs(finding: Content, inputs: ReportInputs) -> str:
    """Return after how many epochs a training has read the test part, where the ledger says so."""
    name = f"{finding['stage']}/{finding['ancestor']}"
    own = {look["weights_sha256"] for look in inputs.looks if look.get("training") == name}
    return f", read after {wording.plural(len(own), 'epoch')} so far" if own else ""


def curves(inputs: ReportInputs) -> list[dict[str, Any]]:
    """Return a small chart of the loss for every trained entry, its repeats overlaid."""
    entries = once("\t".join(key[:2]) for key in inputs.histories)
    drawn = []
    for stage, entry in (e.split("\t") for e in entries):
        own = [h for key, h in inputs.histories.items() if key[:2] == (stage, entry)]
        lines = [line for history in own for line in _lines(history)]
        stage_name = wording.STAGES.get(stage, stage)
        chart = dumbbells.curve(lines, title=f"Loss of {entry} over epochs") if lines else Markup()
        if chart:
            epochs = int(max(line["x"][-1] for line in lines))
            ends = {line["part"]: float(line["y"][-1]) for line in lines}
            last = ", ".join(f"{part} {value:.3f}" for part, value in ends.items())
            drawn.append(
                {
                    "stage": stage_name,
                    "entry": entry,
                    "figure": chart,
                    "caption": f"{wording.plural(epochs, 'epoch')}; last loss: {last}",
                }
            )
    return drawn


def _lines(history: pd.DataFrame) -> list[dict[str, Any]]:
    loss = history[history["metric"] == "loss"]
    return [
        {"part": part, "x": group["epoch"].tolist(), "y": group["value"].tolist()}
        for part, group in loss.groupby("part", sort=True)
    ]


def version_table(inputs: ReportInputs) -> Table | None:
    """Return the libraries that made the models."""
    seen: dict[str, list[str]] = {}
    for card in inputs.cards.values():
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


def weights_table(inputs: ReportInputs) -> Table | None:
    """Return what identifies each model: seed, and digests of weights and split."""
    rows: list[list[str | Cell]] = [
        [
            Cell(f"{key[1]} / {key[2]}", small=wording.STAGES.get(key[0], key[0])),
            str(card.get("seed", wording.DASH)),
            Cell(str(card.get("weights_sha256", ""))[:12], mark="code"),
            Cell(str(card.get("split_digest", ""))[:12], mark="code"),
        ]
        for key, card in inputs.cards.items()
    ]
    if not rows:
        return None
    return Table(
        caption="Models: seeds and digests",
        head=("Model", "Seed", "Weights", "Split"),
        rows=rows,
    )
