"""Why jobs of the workflow would run, in words: which option, which file of code, which input.

Snakemake gives each job of a dry run a reason, and the two params of a job here are JSON: its spec,
and a digest of each file of code that it runs. What has changed in them is read off and reported by
name. Jobs that only follow from others are counted behind these.
"""

import argparse
import ast
import json
import re
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cardiograft.use.doctor import workflow_folder

DESCRIPTION = "Say why jobs of the workflow would run: what changed, and what follows from it."
LITERAL = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
FIELD = re.compile(r"^    (\w+): (.*)$")
HEAD = re.compile(r"^(?:local)?(?:rule|checkpoint) (\w+):$")
PARAMS = "Params have changed since last execution"
CODE = "Code has changed since last execution"
FOLLOWS = "Input files updated by another job"
NOTHING = "Nothing to be done"
FAILED = re.compile(r"\b\w*(Error|Exception)\b|^error:|not found|No such file")
MISSING = "Missing output files"
# What Snakemake's reasons mean; others are passed on as they are.
WORDS = {
    MISSING: "never made, or deleted",
    "Updated input files": "an input is newer than what was made of it",
    "Set of input files has changed since last execution": "other inputs than last time",
    CODE: "the command of its rule changed",
    "Forced execution": "asked for",
}
WIDTH, MOST_NAMES = 100, 8


@dataclass(frozen=True)
class Job:
    """A job of a dry run: its rule and wildcards, its files, and why it would run."""

    name: str
    rule: str
    outputs: tuple[str, ...]
    reasons: tuple[tuple[str, str], ...]

    @property
    def after(self) -> tuple[str, ...]:
        """The files that other jobs of the plan make for it."""
        return tuple(f for kind, text in self.reasons if kind == FOLLOWS for f in _files(text))

    @property
    def own(self) -> tuple[tuple[str, str], ...]:
        """The reasons that are its own."""
        return tuple(reason for reason in self.reasons if reason[0] != FOLLOWS)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("targets", nargs="*", help="as for snakemake; the report if left out")
    parser.add_argument(
        "--configfile", action="append", default=[], help="a file on top, as for snakemake"
    )
    parser.add_argument(
        "--plan", type=Path, help="what `snakemake -n` has printed, in a file, or - for stdin"
    )


def run(targets: list[str], configfile: list[str], plan: Path | None) -> None:
    """Print why each job would run.

    Raises
    ------
    ValueError
        Snakemake can't plan; its own line says why.
    FileNotFoundError
        There is no such plan, or no workflow in this folder.
    """
    if plan is None:
        text = dry_run(targets, configfile)
    else:
        text = sys.stdin.read() if str(plan) == "-" else plan.read_text(encoding="utf-8")
    planned = jobs(text)
    if not planned and NOTHING not in text:
        raise ValueError(f"no plan of Snakemake's: {_complaint(text)}")
    sys.stdout.write("".join(f"{line}\n" for line in lines(planned)))


def dry_run(targets: Sequence[str], configfiles: Sequence[str]) -> str:
    """Return what Snakemake would do, as it prints it.

    Raises
    ------
    FileNotFoundError
        There is no workflow in this folder.
    ValueError
        It can't plan.
    """
    root = workflow_folder()
    if root is None:
        raise FileNotFoundError(f"no Snakefile in {Path.cwd()}: call this in the workflow's folder")
    files = ["--configfile", *configfiles] if configfiles else []
    words = [sys.executable, "-m", "snakemake", "--snakefile", str(root / "Snakefile")]
    words += ["--cores", "1", "--dry-run", *files, "--", *targets]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        raise ValueError(f"snakemake can't plan: {_complaint(f'{done.stdout}{done.stderr}')}")
    return f"{done.stdout}\n{done.stderr}"


def _complaint(text: str) -> str:
    """Return what Snakemake says went wrong: the line of an error, or what follows its name."""
    own = [line.strip() for line in text.splitlines() if line.strip()]
    for place, line in enumerate(own):
        if FAILED.search(line):
            return " ".join(own[place : place + 2]) if line.endswith(":") else line
    rest = [line for line in own if not line.startswith(("Using ", "Config file", "Building "))]
    return rest[-1] if rest else "it says nothing"


def jobs(text: str) -> list[Job]:
    """Return the jobs that a dry run lists, without the one that only gathers targets."""
    job_list, head, fields = [], "", dict[str, str]()
    for line in [*text.splitlines(), ""]:
        match = FIELD.match(line) if head else None
        if match:
            fields[match[1]] = match[2]
            continue
        if head and head != "all":
            job_list.append(_job(head, fields))
        start = HEAD.match(line)
        head, fields = (start[1], {}) if start else ("", {})
    return job_list


def _job(rule: str, fields: Mapping[str, str]) -> Job:
    values = re.findall(r"=([^,]+)", fields.get("wildcards", ""))
    reasons = [part.partition(": ") for part in _parts(fields.get("reason", ""))]
    return Job(
        name=" ".join([rule, *values]),
        rule=rule,
        outputs=tuple(_files(fields.get("output", ""))),
        reasons=tuple((kind, reason_text) for kind, _, reason_text in reasons),
    )


def _parts(reason: str) -> list[str]:
    """Return the reasons of a job: what stands between quotes holds no separator."""
    kept: list[str] = []

    def away(match: re.Match[str]) -> str:
        kept.append(match[0])
        return f"\0{len(kept) - 1}\0"

    parts = [part.strip() for part in LITERAL.sub(away, reason).split(";")]
    return [re.sub(r"\0(\d+)\0", lambda m: kept[int(m[1])], part) for part in parts if part]


def _files(text: str) -> list[str]:
    return [re.sub(r" \(.*\)$", "", name.strip()) for name in text.split(",") if name.strip()]


def lines(planned: Sequence[Job]) -> Iterator[str]:
    """Yield the explanation: first causes, each with the jobs that follow from it."""
    if not planned:
        yield "Nothing would run: everything is up to date."
        return
    maker = {file: job for job in planned for file in job.outputs}
    following: dict[str, list[Job]] = {}
    for job in planned:
        for file in job.after:
            if file in maker:
                following.setdefault(maker[file].name, []).append(job)
    causes: dict[tuple[str, ...], list[Job]] = {}
    for job in planned:
        if job.own or not job.after:
            causes.setdefault(tuple(cause_lines(job)), []).append(job)
    yield f"{len(planned)} jobs would run: {_counted(Counter(j.rule for j in planned))}."
    roots = {job.name for group in causes.values() for job in group}
    for why, group in causes.items():
        yield ""
        yield from textwrap.wrap(_names(group), WIDTH, subsequent_indent="  ")
        for line in why:
            yield from textwrap.wrap(
                line, WIDTH, initial_indent="  - ", subsequent_indent="    ", break_on_hyphens=False
            )
        after = [job for job in _after(group, following) if job.name not in roots]
        if after:
            noun = "job follows" if len(after) == 1 else "jobs follow"
            consequence = f"{len(after)} {noun}: {_counted(Counter(j.rule for j in after))}"
            yield from textwrap.wrap(
                consequence, WIDTH, initial_indent="  then ", subsequent_indent="    "
            )


def _after(group: Sequence[Job], following: Mapping[str, Sequence[Job]]) -> list[Job]:
    seen: dict[str, Job] = {}
    todo = list(group)
    while todo:
        for job in following.get(todo.pop().name, ()):
            if job.name not in seen:
                seen[job.name] = job
                todo.append(job)
    return list(seen.values())


def cause_lines(job: Job) -> list[str]:
    """Return why a job would run, in words, one line a cause."""
    causes: list[str] = []
    for kind, reason_text in job.own:
        if kind == PARAMS:
            causes += changes(reason_text)
        elif kind == CODE and any(k == PARAMS for k, _ in job.own):
            causes.append("the command of its rule changed")
        else:
            words = WORDS.get(kind, kind)
            named = reason_text and kind != MISSING  # else no two jobs had one cause
            causes.append(f"{words}: {_named(_files(reason_text))}" if named else words)
    return causes or ["Snakemake gives no reason"]


def changes(reason_text: str) -> Iterator[str]:
    """Yield what has changed in a job's params, from Snakemake's words on them."""
    before, _, now = reason_text.partition(" now: ")
    old, new = (_params(text) for text in (before, now))
    for kind in ("spec", "code"):
        yield from _changed(kind, old.get(kind), new.get(kind))


def _params(text: str) -> dict[str, dict[str, Any]]:
    """Return a job's spec and code, as far as they stand in a text as literals."""
    by_kind: dict[str, dict[str, Any]] = {}
    for literal in LITERAL.findall(text):
        try:
            content = json.loads(ast.literal_eval(literal))
        except (ValueError, SyntaxError):
            continue
        if isinstance(content, dict):
            is_code = bool(content) and all(key.endswith(".py") for key in content)
            by_kind["code" if is_code else "spec"] = content
    return by_kind


def _changed(kind: str, old: dict[str, Any] | None, new: dict[str, Any] | None) -> Iterator[str]:
    if old is None or new is None:
        if old is not new:
            yield f"its {kind} was recorded otherwise: by another release"
        return
    if kind == "code":
        for what, files in (
            ("code changed", [f for f in new if f in old and old[f] != new[f]]),
            ("code it runs now and did not before", [f for f in new if f not in old]),
            ("code it no longer runs", [f for f in old if f not in new]),
        ):
            if files:
                yield f"{what}: {_named(files)}"
        return
    flat_old, flat_new = dict(_flat(old)), dict(_flat(new))
    for key in sorted(flat_old.keys() | flat_new.keys()):
        if key not in flat_old:
            yield f"option {key}: new, {json.dumps(flat_new[key])}"
        elif key not in flat_new:
            yield f"option {key}: gone, was {json.dumps(flat_old[key])}"
        elif flat_old[key] != flat_new[key]:
            yield f"option {key}: {json.dumps(flat_old[key])} is now {json.dumps(flat_new[key])}"


def _flat(content: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each value with its dotted name; of a plug-in its options stand right below it."""
    if isinstance(content, dict) and content:
        for key, value in content.items():
            inside = above if key == "options" and "kind" in content else _dotted(above, key)
            if key != "kind":
                yield from _flat(value, inside)
    else:
        yield above, content


def _dotted(above: str, key: str) -> str:
    return f"{above}.{key}" if above else key


def _names(group: Sequence[Job]) -> str:
    return _named([job.name for job in group])


def _named(names: Sequence[str]) -> str:
    shown = list(names[:MOST_NAMES])
    more = [f"{len(names) - MOST_NAMES} more"] if len(names) > MOST_NAMES else []
    return ", ".join([*shown, *more])


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.most_common())
