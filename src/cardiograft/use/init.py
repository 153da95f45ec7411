"""Write a short config for a folder of recordings, that runs as it is, and say what was found."""

import argparse
import contextlib
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from cardiograft.config.checks import load_config
from cardiograft.datasets import _own
from cardiograft.files import atomic_file
from cardiograft.physionet.headers import UnfitError
from cardiograft.specs.own_folder import OwnFolder
from cardiograft.splits.places import place
from cardiograft.use.folder_look import (
    MOST_READ,
    FolderLook,
    TableLook,
    look,
    people,
    subject,
    table,
)

DESCRIPTION = "Write a config for a folder of recordings of your own, and say what was found in it."
CONFIG = "config.yaml"
PREFERRED = ("II", "MLII", "I", "MLI", "V5", "V1")
RATE_HZ, LONGEST_WINDOW_S = 125.0, 10.0
TEST, VALIDATION, SEEDS = 0.3, 0.2, 1000
MODEL = "cnn"
LEAST_PEOPLE = 4  # two to train on, one to validate and one to test on
SHOWN = 6


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="where config and results go")
    parser.add_argument("--records", type=Path, required=True, help="folder of WFDB, EDF or CSV")
    parser.add_argument("--labels", type=Path, help="CSV, a row a recording or a row a span of one")
    parser.add_argument(
        "--mains-hz", type=int, choices=(50, 60), required=True, help="where they were recorded"
    )
    parser.add_argument(
        "--model", help="of the classes that --labels has, one of models/: cnn if left out"
    )
    parser.add_argument("--rate-hz", type=float, help="of CSV files: the sampling rate")
    parser.add_argument("--time", help="of CSV files: the column that holds the time")


def run(
    folder: Path,
    records: Path,
    labels: Path | None,
    mains_hz: int,
    model: str | None,
    rate_hz: float | None,
    time: str | None,
) -> None:
    """Look, print, write.

    Raises
    ------
    FileNotFoundError, ValueError
        There is nothing to configure, or a config is there already.
    """
    file = folder / CONFIG
    if file.exists():
        raise ValueError(f"{file} is there already: name another folder, or remove it")
    if model is not None and labels is None:
        raise ValueError(f"--model {model}: a model of classes, which --labels have to name")
    root = records.resolve()
    clock = {key: v for key, v in (("rate_hz", rate_hz), ("time", time)) if v is not None}
    own = OwnFolder.model_validate(
        {"path": str(root), "subject": "record", "mains_hz": mains_hz, **clock}
    )
    survey = look(root, own, without=labels)
    if not survey.seen:
        raise ValueError(f"{records}: no recording can be read: {_first(survey.faults)}")
    label_table = None if labels is None else table(labels.resolve(), survey.names)
    whose = subject(survey.names, () if label_table is None else label_table.columns)
    if label_table is not None and "column" in whose:
        whose["record"] = label_table.record
    about = {"path": str(root), "mains_hz": mains_hz, "subject": whose, **clock}
    if label_table is not None and labels is not None:
        about["labels"] = _labels(label_table, labels.resolve())
    content = config(survey, label_table, about, model or MODEL)
    names = [s.name for s in survey.seen if label_table is None or s.name in label_table.known]
    content["splits"]["own-people"]["seed"] = seed_of(_persons(root, names, about))
    load_config(content)  # refused here rather than on the first run
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_file(file) as partial:
        text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
        partial.write_text(HEAD + text, encoding="utf-8")
    sys.stdout.write(
        "".join(f"{line}\n" for line in summary_lines(survey, label_table, whose, file))
    )


HEAD = """# Made by `cardiograft init` from what it found; each line may be changed (docs/config.md,
# docs/own-recordings.md). `subject` is a guess where no table says it: a person in two parts of a
# split is a leak.

"""


def config(
    survey: FolderLook, label_table: TableLook | None, folder: dict[str, Any], model: str
) -> dict[str, Any]:
    """Return the config: windows of one lead, people parted, a network, a baseline, a report."""
    lowest_hz = min(float(one.rate_hz) for one in survey.seen)
    rate_hz = min(RATE_HZ, lowest_hz)
    window_s = min(LONGEST_WINDOW_S, max(1.0, float(round(min_duration_s(survey) / 2))))
    spans = label_table is not None and label_table.start_s is not None
    segments = {
        "database": "own",
        "signal": {
            "leads": ["|".join(leads(survey))],
            "filter": {"low_hz": 0.5, "high_hz": round(min(40.0, 0.4 * rate_hz), 3)},
            "scale": "zscore",
        },
        "rate_hz": rate_hz,
        "cut": {"name": "windows", "window_s": window_s, "restart_after_gaps": True},
        **({} if label_table is None else {"label": "file_span" if spans else "file_record"}),
    }
    split = {"scheme": "subject", "protocol": "honest", "test": TEST, "validation": VALIDATION}
    return {
        "mirror": folder["path"],
        "data": "data",
        "results": "results",
        "title": "own recordings",
        "studies": None,
        "databases": {"own": {"dataset": survey.dataset, "folder": folder}},
        "segments": {"own-windows": segments},
        "splits": {"own-people": {"segments": ["own-windows"], **split}},
        **(_unlabelled() if label_table is None else _labelled(label_table, model)),
        "tables": {
            "own_recordings": {
                "evaluations": ["own-*"],
                "primary": "r2" if label_table is None else "macro_f1",
                "draws": 1000,
            }
        },
    }


def _persons(root: Path, names: Sequence[str], folder: dict[str, Any]) -> list[str]:
    """Return the people of some recordings, as a split knows them."""
    own = OwnFolder.model_validate({**folder, "name": "own"})
    subjects: dict[str, None] = {}
    for name in names:
        with contextlib.suppress(UnfitError):
            subjects[f"own/{_own.subject(root, name, own)}"] = None
    return list(subjects)


def seed_of(persons: Sequence[str]) -> int:
    """Return the first seed of a split by which every part has its share of the people.

    Of many people any seed does; of a few, most leave a part empty. Nothing but their names is
    looked at.
    """
    wanted = round(TEST * len(persons))
    for seed in range(SEEDS):
        parts = Counter(_part(seed, name) for name in persons)
        if parts["validation"] and parts["train"] > 1 and abs(parts["test"] - wanted) < 1:
            return seed
    return 0


def _part(seed: int, name: str) -> str:
    if place(seed, "test", name) < TEST:
        return "test"
    return "validation" if place(seed, "validation", name) < VALIDATION else "train"


def _labelled(label_table: TableLook, model: str) -> dict[str, Any]:
    # ASSUME a few people may lack a class among those tested: the report says which
    metrics = ["accuracy", "macro_f1", "sensitivity"]
    return {
        "transfer": {
            "own-network": {
                "split": "own-people",
                "model": model,
                "task": {"name": "classify", "labels": sorted(label_table.counts)},
                "training": {
                    "epochs": 20,
                    "keep": "best_validation",
                    "monitor": "macro_f1",
                    "patience": 5,
                },
                "tags": {"model": model},
                "evaluate": {
                    "metrics": metrics,
                    "missing": "allowed",
                    "chosen_on": "untuned",
                },
            }
        },
        "baselines": {
            "own-majority": {
                "split": "own-people",
                "baseline": "majority",
                "tags": {"model": "majority"},
                "evaluate": {"metrics": [*metrics], "missing": "allowed"},
            }
        },
    }


def _unlabelled() -> dict[str, Any]:
    return {
        "pretrain": {
            "own-encoder": {
                "split": "own-people",
                "model": "cae",
                "task": "reconstruct",
                "training": {
                    "epochs": 20,
                    "keep": "best_validation",
                    "monitor": "loss",
                    "patience": 5,
                },
                "tags": {"model": "cae"},
                "evaluate": {"metrics": ["mse", "r2"], "chosen_on": "untuned"},
            }
        },
        "baselines": {
            "own-mean": {
                "split": "own-people",
                "baseline": "mean_signal",
                "tags": {"model": "mean signal"},
                "evaluate": {"metrics": ["mse", "r2"]},
            }
        },
    }


def _labels(label_table: TableLook, file: Path) -> dict[str, str]:
    times = (
        {"start_s": label_table.start_s, "end_s": label_table.end_s} if label_table.start_s else {}
    )
    given = {"file": str(file), "record": label_table.record, "label": label_table.label, **times}
    return {key: value for key, value in given.items() if value is not None}


def leads(survey: FolderLook) -> list[str]:
    """Return the lead that most recordings have, and after it what stands for it in others."""
    counts = survey.common()

    def place(lead: str) -> tuple[int, int, str]:
        rank = PREFERRED.index(lead) if lead in PREFERRED else len(PREFERRED)
        return (-counts[lead], rank, lead)

    first, *others = sorted(counts, key=place)
    without = [one for one in survey.seen if first not in one.leads]
    stand_ins = [o for o in others if any(o in one.leads for one in without)]
    return [first, *stand_ins[:1]] if without else [first]


def min_duration_s(survey: FolderLook) -> float:
    """Return the length that nine in ten recordings have at least, in seconds."""
    ordered = sorted(one.duration_s for one in survey.seen)
    return ordered[len(ordered) // 10]


def summary_lines(
    survey: FolderLook, label_table: TableLook | None, whose: Any, file: Path
) -> Iterator[str]:
    """Yield what the folder holds, what was guessed, and how to go on."""
    hours = sum(one.duration_s for one in survey.seen) / 3600
    yield f"recordings  {len(survey.seen)} of {len(survey.names)} can be read ({survey.dataset})"
    yield f"            {hours:.2f} h in all"
    if survey.faults:
        yield f"            not: {_first(survey.faults)}"
    if survey.other_kinds:
        yield f"            of another kind, and left out: {_counts(survey.other_kinds)}"
        yield "            (one more entry each of `databases` and `segments` takes them in)"
    yield f"leads       {_counts(survey.common())}; taken: {', or else '.join(leads(survey))}"
    yield f"rates       {_counts(Counter(f'{float(o.rate_hz):g} Hz' for o in survey.seen))}"
    yield f"units       {_counts(Counter(u or 'not stated' for o in survey.seen for u in o.units))}"
    read = [one for one in survey.seen[:MOST_READ] if one.missing is not None]
    gaps = [one for one in read if one.missing]
    most = max((one.missing or 0 for one in gaps), default=0)
    yield f"gaps        in {len(gaps)} of {len(read)} that were read, {most:.1%} at most"
    yield from _whose(survey, whose)
    if label_table is not None:
        spans = "spans" if label_table.start_s else "recordings"
        counts, known = _counts(label_table.counts), len(label_table.known)
        yield f"labels      {counts}: {spans} of {known} recordings"
        yield f"            by the columns {label_table.record} and {label_table.label}"
        if label_table.unknown:
            yield f"            rows of no recording here: {', '.join(label_table.unknown[:SHOWN])}"
    yield ""
    workflow = Path(__file__).parents[3] / "Snakefile"
    if workflow.is_file():
        yield f"written: {file}. Look at `subject` in it, then:"
        yield f"  snakemake --cores 2 --snakefile {workflow} --directory {file.parent}"
    else:  # the package is installed without the workflow
        yield f"written: {file}. Look at `subject` in it, then, in the project's sources,"
        yield "which have the workflow that the installed package lacks:"
        yield f"  snakemake --cores 2 --directory {file.parent.resolve()}"


def _whose(survey: FolderLook, whose: Any) -> Iterator[str]:
    names = [one.name for one in survey.seen]
    persons = people(names, whose)
    if not persons:
        yield f"subjects    by the column {whose['column']}"
        return
    how = f"by {whose}" if isinstance(whose, str) else f"by the pattern {whose['pattern']}"
    yield f"subjects    guessed {len(persons)}, {how}: {_counts(persons)}"
    yield "            wrong? change `subject`: docs/own-recordings.md has the ways to say it"
    unknown = len(names) - persons.total()
    if unknown:
        yield f"            {unknown} recordings have none by it, and are left out"
    if len(persons) < LEAST_PEOPLE:
        yield f"            too few for three parts: {LEAST_PEOPLE} people are needed"


def _counts(counts: Counter[str]) -> str:
    shown = [f"{name} {count}" for name, count in counts.most_common(SHOWN)]
    more = [f"{len(counts) - SHOWN} more"] if len(counts) > SHOWN else []
    return ", ".join([*shown, *more])


def _first(faults: dict[str, str]) -> str:
    shown = [f"{name} ({reason})" for name, reason in list(faults.items())[:3]]
    more = [f"{len(faults) - 3} more"] if len(faults) > 3 else []
    return ", ".join([*shown, *more])
