"""What each protocol of a study allows, and what its audits counted or refused."""

from collections.abc import Mapping, Sequence
from typing import Any

from cardiograft.report import wording
from cardiograft.report.cells import once
from cardiograft.report.inputs import Content, ReportInputs, Study

BOTH = "Two protocols, and the gap between them"
PAPER = "As published, flaws included: findings are counted, not refused."
HONEST = "Subjects never cross the split, nor a model’s lineage: a finding would stop the run."


def heading(study: Study) -> str:
    """Return the heading of what follows: there is a gap only where there are both protocols."""
    if study.rows("gaps"):
        return BOTH
    known = [wording.PROTOCOLS[p] for p in once(r["protocol"] for r in study.rows("scores"))]
    return wording.listed([known[0], *(name.lower() for name in known[1:])]) if known else ""


def protocols(study: Study, inputs: ReportInputs) -> list[dict[str, Any]]:
    """Return, of each protocol that the study's runs follow, title, text, and lines below it."""
    followed = set(once(r["protocol"] for r in study.rows("scores")))
    lines = {
        "paper": (PAPER, [*counted(study, inputs), *study.about["wrong"]]),
        "honest": (HONEST, audited(study, inputs)),
        "personal": (wording.PERSONAL, []),
        "dose": (wording.DOSE, []),
    }
    return [
        {"kind": kind, "title": wording.PROTOCOLS[kind], "text": text, "lines": below}
        for kind, (text, below) in lines.items()
        if kind in followed
    ]


def counted(study: Study, inputs: ReportInputs) -> list[str]:
    """Return what the audits of the splits by the paper's protocol counted."""
    splits = _splits(study, inputs, "paper")
    loose = [split for split in splits if any(split["findings"].values())]
    if not loose:
        return []
    sums: dict[str, int] = {}
    for split in loose:
        for key, number in split["findings"].items():
            sums[key] = sums.get(key, 0) + int(number)
    counts = [
        f"{wording.FINDINGS.get(key, key.replace('_', ' ')).lower()} {wording.count(number)}"
        for key, number in sums.items()
        if number
    ]
    where = wording.plural(len(splits), "split")
    return [f"Counted in {len(loose)} of {where}: {wording.listed(counts)}."]


def unknown(audits: Sequence[Content], inputs: ReportInputs) -> list[str]:
    """Return what the search of recordings under a second name could not see.

    What nobody recorded has no second name: pictures that were generated are not counted.
    """
    made = {
        (stage, entry)
        for (stage, entry, _), card in inputs.cards.items()
        if (used := card.get("data"))
        and all(inputs.segments.get(one, {}).get("generated") for one in used)
    }
    counts = [
        max(
            (
                finding.get("no_fingerprint", 0)
                for finding in audit["findings"]
                if (finding.get("stage"), finding.get("ancestor")) not in made
            ),
            default=0,
        )
        for audit in audits
    ]
    without = [count for count in counts if count]
    if not without:
        return []
    return [
        f"Behind {len(without)} of them are recordings without a fingerprint, up to"
        f" {wording.count(max(without))}: under a second name those would not be found."
    ]


def audited(study: Study, inputs: ReportInputs) -> list[str]:
    """Return what the audits of the honest splits and lineages came to."""
    splits = _splits(study, inputs, "honest")
    lines = []
    if splits:
        passed = sum(bool(split["passed"]) for split in splits)
        lines.append(f"{_of(passed, splits)} audited splits have no subject on both sides.")
        apart = sum(_has_validation(split) for split in splits)
        lines.append(f"{_of(apart, splits)} set validation subjects apart from the training part.")
    audits = [
        audit
        for name, audit in inputs.audits.items()
        if audit["protocol"] == "honest" and name in _evaluations(study)
    ]
    if audits:
        clean = sum(bool(audit["passed"]) for audit in audits)
        lines.append(
            f"{_of(clean, audits)} evaluations are of models whose training, pretraining"
            " included, saw no subject of the test part."
        )
        lines += unknown(audits, inputs)
        chosen = sum(any(f["chosen_on_test"] for f in audit["findings"]) for audit in audits)
        lines.append(
            f"{_of(len(audits) - chosen, audits)} have no epoch that was chosen on the test part."
        )
    return lines


def _of(some: int, every: Sequence[Any]) -> str:
    """Return how many of all: ``All 12``, ``11 of 12``."""
    return f"All {len(every)}" if some == len(every) > 1 else f"{some} of {len(every)}"


def _splits(study: Study, inputs: ReportInputs, protocol: str) -> list[Content]:
    """Return the audits of the splits that runs of a protocol were tested on."""
    names = _members(study, protocol)
    known = once(audit["split"] for name, audit in inputs.audits.items() if name in names)
    known = known or once(r["split"] for r in study.rows("scores") if r["protocol"] == protocol)
    return [inputs.splits[name] for name in known if name in inputs.splits]


def _evaluations(study: Study) -> set[str]:
    """Return the names of all evaluations that a study's runs consist of."""
    return {name for protocol in wording.PROTOCOLS for name in _members(study, protocol)}


def _members(study: Study, protocol: str) -> set[str]:
    pools: Mapping[str, Sequence[str]] = study.about["pools"]
    runs = {r["run"] for r in study.rows("scores") if r["protocol"] == protocol}
    return {member for run in runs for member in pools.get(run, [run])}


def _has_validation(split: Content) -> bool:
    counts = split["counts"].get("validation") or {}
    return bool(counts.get("segments"))
