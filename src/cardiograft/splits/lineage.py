"""Did anything that led to a model see the subjects it is tested on?

Only the test part counts: scores on training or validation subjects are labelled as such.
By person, by samples of a recording however they were cut, and by its rhythm whatever it is called,
over the splits of every training in the lineage; and by the shape of segments, where data sets
differ and recordings are too short for a rhythm. Near-duplicates within one data set are the
splits' own audits' work. A personal evaluation tests subjects that were trained on, at other times:
their number is no fault, any sample of a test segment is. Unless its split calibrates for 0 s: that
is how a model does on other subjects than it was trained on, and they must be. With a dose, the
training on that split used as many segments of tested subjects as were asked for, neither more nor
fewer, and what led up to it used none.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cardiograft.segments import rhythms
from cardiograft.specs.audit import Ancestor, Audit
from cardiograft.specs.split import Dose, Split
from cardiograft.splits import noise_used
from cardiograft.splits.leakage import source_rates
from cardiograft.splits.overlaps import overlapping_row
from cardiograft.splits.people import Group, persons
from cardiograft.splits.recordings import matches
from cardiograft.splits.recordings_used import by_time, of_rhythm, side, with_rhythm
from cardiograft.splits.shapes_used import under_other_names
from cardiograft.splits.table import SplitTable, read_split_table

EXAMPLES = 10
# What no protocol but a paper's may find.
ALWAYS = ("segments", "recordings", "shapes", "noises", "chosen_on_test")


def lineage_audit(
    spec: Audit, files: Sequence[Path], segments: Sequence[Path] = ()
) -> dict[str, Any]:
    """Compare the test part, where it is evaluated, with what every ancestor used.

    Parameters
    ----------
    spec
        The evaluation and its ancestors.
    files
        Splits, each named as its entry.
    segments
        Folders of the shards of all of them, whose recordings are compared by their rhythm.

    Returns
    -------
    dict
        ``protocol``, ``must_be_unseen`` (whether a test subject in the lineage is a fault),
        ``passed`` and one of ``findings`` for each ancestor: how many test subjects it used,
        how many segments of theirs (``own``), how many test segments it used samples of, how many
        recordings of the test part are, by their rhythm, of another name in what it used
        (``recordings``; of those used, ``no_fingerprint`` can't be told so), hold noise that is in
        it (``noises``), how many test segments are, by their shape, ones of another data set in it
        (``shapes``), examples, whether it chose by a test part, and whether it is a ``fault``.

    Raises
    ------
    FileNotFoundError
        The split of the evaluation or of an ancestor is not among `files`.
    """
    splits = {file.stem: read_split_table(file) for file in files}
    tables = {name: split.table for name, split in splits.items()}
    tested = _parts(tables, spec.split, [part for part in spec.parts if part == "test"])
    people = [group for split in splits.values() for group in split.spec.get("people", ())]
    known = rhythms.read(segments) if segments else None
    rates = source_rates(segments) if by_time(Split.model_validate(splits[spec.split].spec)) else {}
    noise = noise_used.added(segments), noise_used.one_noise(segments)
    alike: dict[tuple[str, tuple[str, ...]], dict[str, Any]] = {}  # of what several used: once
    findings = []
    for ancestor in spec.lineage:
        used = ancestor.split, ancestor.uses
        if used not in alike:
            alike[used] = _alike(ancestor, tables, tested, people, known, rates)
            alike[used] |= _noise(ancestor, tables, tested, noise)
            alike[used] |= _shapes(ancestor, splits, spec.split, tested, segments, known)
        findings.append({**_finding(ancestor, tables, tested, people), **alike[used]})
    own = splits[spec.split].spec
    must_be_unseen = spec.protocol != "personal" or _uncalibrated(own)
    for finding in findings:
        meant = own.get("dose") if finding["split"] == spec.split else None
        finding["fault"] = _fault(finding, meant, must_be_unseen)
    return {
        "protocol": spec.protocol,
        "must_be_unseen": must_be_unseen,
        "split": spec.split,
        "subjects": pc.count_distinct(persons(tested["subject"], people)).as_py(),
        "segments": len(tested),
        "passed": not any(finding["fault"] for finding in findings),
        "findings": findings,
    }


def _fault(finding: Mapping[str, Any], dose: Any, must_be_unseen: bool) -> bool:
    """Whether a finding may not be, given the dose of the split that it is of."""
    people = must_be_unseen and finding["subjects"]
    if dose is not None:
        people = finding["own"] != Dose.model_validate(dose).own
    return bool(people or any(finding[kind] for kind in ALWAYS))


def lineage_complaint(audit: Mapping[str, Any]) -> str:
    """Return one line on the worst finding of an audit that did not pass."""
    may_be_seen = not audit["must_be_unseen"]
    weight = ["segments", "recordings", "shapes", "noises", "chosen_on_test"]
    if not may_be_seen:
        weight = ["subjects", "segments", "recordings", "shapes", "noises"]
    guilty = max(
        (f for f in audit["findings"] if f["fault"]), key=lambda f: [f[key] for key in weight]
    )
    name = f"{guilty['stage']} {guilty['ancestor']!r} (split {guilty['split']!r})"
    strange = not guilty["segments"] and (may_be_seen or not guilty["subjects"])
    if strange and guilty["recordings"]:
        such = guilty["recording_examples"][0]
        return (
            f"{name} used {guilty['recordings']} of the test recordings of {audit['split']!r} under"
            f" another name, such as {such['recording']}, there {such['other']}:"
            f" {such['beats']} beats agree, {such['bits']:.0f} bits,"
            f" {such['needed_bits']:.0f} tell them apart"
        )
    if strange and guilty["shapes"]:
        such = guilty["shape_examples"][0]
        return (
            f"{name} used {guilty['shapes']} of the {audit['segments']} test segments of"
            f" {audit['split']!r} under another name, such as {such['id']}, there {such['other']}:"
            f" their shapes correlate by {such['correlation']:.4f}"
        )
    if strange and guilty["noises"]:
        such = guilty["noise_examples"][0]
        return (
            f"{name} used the noise of {guilty['noises']} of the test recordings of"
            f" {audit['split']!r}, such as {such['recording']}: {such['noise']} is in"
            f" {such['other']} too"
        )
    if strange:
        return f"{name} chose its epoch on the test part: only a paper's evaluation can use it"
    if may_be_seen:
        such = ", ".join(guilty["segment_examples"][:3])
        return (
            f"{name} used samples of {guilty['segments']} of the {audit['segments']} test"
            f" segments of {audit['split']!r}, such as {such}"
        )
    such = ", ".join((guilty["examples"] or guilty["segment_examples"])[:3])
    return (
        f"{name} used {guilty['subjects']} of the {audit['subjects']} test subjects of"
        f" {audit['split']!r} ({guilty['segments']} segments), such as {such}"
    )


def _uncalibrated(split: Mapping[str, Any]) -> bool:
    """Whether a split is the first point of a curve over calibration, by its spec."""
    calibration = split.get("calibration")
    return calibration is not None and not calibration["seconds"]


def _finding(
    ancestor: Ancestor,
    tables: Mapping[str, pa.Table],
    tested: pa.Table,
    people: Sequence[Group],
) -> dict[str, Any]:
    used = _parts(tables, ancestor.split, ancestor.uses)
    # What one split calls a person, another may know by one name more.
    who, theirs = (persons(table["subject"], people) for table in (tested, used))
    subjects = _common(who, theirs)
    both = pa.concat_tables([tested, used])
    row_N, pool_N = np.split(np.arange(len(both)), [len(tested)])
    segments = tested["id"].filter(pa.array(overlapping_row(both, row_N, pool_N) >= 0))
    return {
        "ancestor": ancestor.entry,
        "stage": ancestor.stage,
        "split": ancestor.split,
        "uses": list(ancestor.uses),
        "subjects": len(subjects),
        "segments": len(segments),
        "own": pc.sum(pc.is_in(theirs, who.unique())).as_py() or 0,
        # What adapts to a test part alone has seen its subjects, and chose no epoch by them.
        "chosen_on_test": {"train", "test"} <= set(ancestor.uses),
        "examples": subjects[:EXAMPLES],
        "segment_examples": segments[:EXAMPLES].to_pylist(),
    }


def _alike(
    ancestor: Ancestor,
    tables: Mapping[str, pa.Table],
    tested: pa.Table,
    people: Sequence[Group],
    known: pa.Table | None,
    rates: Mapping[str, float],
) -> dict[str, Any]:
    """Return the tested recordings that are, by their rhythm, other people's that were used.

    With `rates`, at the times that were tested and used.
    """
    used = _parts(tables, ancestor.split, ancestor.uses)
    records = used["record"].unique()
    if known is None:
        return {"recordings": 0, "recording_examples": [], "no_fingerprint": len(records)}
    (here, names), (there, others) = (
        side(known, _in_seconds(table, rates), people, timely=bool(rates))
        for table in (tested, used)
    )
    pairs = matches(here, there)
    examples = [
        {"recording": names[match.one], "other": others[match.other], **match.measured()}
        for match in pairs[:EXAMPLES]
    ]
    return {
        "recordings": len(pairs),
        "recording_examples": examples,
        "no_fingerprint": len(records) - with_rhythm(known, records),
    }


def _noise(
    ancestor: Ancestor,
    tables: Mapping[str, pa.Table],
    tested: pa.Table,
    known: tuple[noise_used.Added, Mapping[str, str]],
) -> dict[str, Any]:
    """Return the tested recordings that hold noise which is in what was used."""
    used = _parts(tables, ancestor.split, ancestor.uses)
    here, there = (sorted(table["record"].unique().to_pylist()) for table in (tested, used))
    shared_noise = noise_used.shared(here, there, *known)
    return {"noises": len(shared_noise), "noise_examples": shared_noise[: noise_used.EXAMPLES]}


def _shapes(
    ancestor: Ancestor,
    splits: Mapping[str, SplitTable],
    split: str,
    tested: pa.Table,
    segments: Sequence[Path],
    known: pa.Table | None,
) -> dict[str, Any]:
    """Return the test segments that are, by their shape, of another data set that was used."""
    if known is None:
        return {"shapes": 0, "shape_examples": []}
    theirs = splits[ancestor.split]
    used = _parts({ancestor.split: theirs.table}, ancestor.split, ancestor.uses)
    folders = {folder.name: folder for folder in segments}
    pairs = under_other_names(tested, used, (splits[split], theirs), folders, of_rhythm(known))
    return {"shapes": len(pairs), "shape_examples": pairs[:EXAMPLES]}


def _in_seconds(table: pa.Table, rates: Mapping[str, float]) -> pa.Table:
    if not rates:
        return table
    rate_N = np.array([rates[name] for name in table["record"].to_pylist()], dtype=np.float64)
    seconds = {name: table[name].to_numpy() / rate_N for name in ("start", "stop")}
    return pa.table({"record": table["record"], **seconds})


def _parts(tables: Mapping[str, pa.Table], split: str, parts: Sequence[str]) -> pa.Table:
    if split not in tables:
        known = ", ".join(sorted(tables)) or "none"
        raise FileNotFoundError(f"no split {split!r} among those given ({known})")
    table = tables[split]
    return table.filter(pc.is_in(table["part"], pa.array(parts, pa.string())))


def _common(one: pa.ChunkedArray, other: pa.ChunkedArray) -> list[str]:
    unique = one.unique()
    both = unique.filter(pc.is_in(unique, other.unique()))
    return sorted(both.to_pylist())
