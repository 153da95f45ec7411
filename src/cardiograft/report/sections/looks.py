"""How a study's runs were chosen, and how often each test part has been looked at.

Made of the study's table `looks` and of the ledger: no sentence here is a constant.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cardiograft.look_ledger import EPOCH
from cardiograft.report import wording
from cardiograft.report.cells import Cell, Line, Table, once
from cardiograft.report.inputs import ReportInputs, ReportRow, Study
from cardiograft.report.run_names import RunNames

WHERE = {"honest": "on unseen subjects", "else": "under the {}"}
CAPTION = "How each run was chosen, and how often its test part was looked at"
NOTE = (
    "Networks: different weights that were scored on the same tested people, in these results, by"
    " whatever entry, repeats and folds each counted; a training that keeps the epoch that is best"
    " on them scores one network an epoch. Settings: those among them that differ in more than"
    " their seed. Counted in looks.jsonl, which no run rewrites."
)
UNCOUNTED = "uncounted"
TRAINING = ("training", "repeat", "setting", "split_digest")  # which tell one from another


def section(study: Study, inputs: ReportInputs, names: RunNames) -> dict[str, Any]:
    """Return sentences on a study's choices and looks, and the table behind them."""
    rows = study.rows("looks")
    lines = [
        *(_chosen(own, protocol) for protocol, own in _by_protocol(rows).items()),
        *_counted(rows, inputs),
        _means(rows),
        *_before(rows),
    ]
    return {"lines": [line for line in lines if line], "table": _table(rows, inputs, names)}


def _by_protocol(rows: Sequence[ReportRow]) -> dict[str, list[ReportRow]]:
    known = [p for p in wording.PROTOCOLS if any(r["protocol"] == p for r in rows)]
    known.sort(key=lambda protocol: protocol != "honest")
    return {p: [r for r in rows if r["protocol"] == p] for p in known}


def of_runs(rows: Iterable[ReportRow]) -> dict[str, list[ReportRow]]:
    """Return the rows of each run: one, or a fold each."""
    runs: dict[str, list[ReportRow]] = {}
    for row in rows:
        runs.setdefault(row["run"], []).append(row)
    return runs


def _chosen(rows: Sequence[ReportRow], protocol: str) -> str:
    """Return a sentence on how many runs of a protocol were chosen in which way."""
    chosen = [own[0]["chosen_on"] for own in of_runs(rows).values()]
    counts = [
        f"{wording.count(chosen.count(how))} {words}"
        for how, words in wording.CHOSEN_ON.items()
        if how in chosen
    ]
    where = WHERE.get(protocol, WHERE["else"]).format(wording.PROTOCOLS[protocol].lower())
    start = f"How the {wording.plural(len(chosen), 'run')} {where} came to be chosen"
    return f"{start}: {wording.listed(counts)}."


def _counted(rows: Sequence[ReportRow], inputs: ReportInputs) -> list[str]:
    """Return how many networks were scored so far on the test part that most were scored on."""
    unreadable = (
        [f"{wording.plural(inputs.unreadable_looks, 'line')} of the ledger of looks can’t be read."]
        if inputs.unreadable_looks
        else []
    )
    first = next(iter(_by_protocol(rows).values()), [])
    runs = of_runs(first)
    if not runs:
        return unreadable
    looked = {run: looks_of(own, inputs) for run, own in runs.items()}
    most = max(looked, key=lambda run: looked[run]["networks"])
    counts = looked[most]
    if not counts["networks"]:
        return ["No look at a test part is in the ledger of these results.", *unreadable]
    people = sum(int(row["people"]) for row in runs[most])
    return [
        f"On the {wording.plural(people, 'person', 'people')} whom {runs[most][0]['split']} tests,"
        f" {wording.plural(counts['networks'], 'different model')} of"
        f" {wording.plural(counts['settings'], 'setting')} have been scored so far in this folder"
        f" of results{of_epochs(counts)}.",
        *unreadable,
    ]


def _means(rows: Sequence[ReportRow]) -> str:
    """Return how many runs are means of others' predictions; nothing where none is."""
    means = [
        run for run, own in of_runs(rows).items() if own[0].get("mean_of", "0") not in ("", "0")
    ]
    if not means:
        return ""
    are = "is a mean" if len(means) == 1 else "are means"
    return (
        f"{wording.plural(len(means), 'run')} {are} of other runs’ predictions, scored on the same"
        " people without a line in the ledger: a mean is no training, but may be chosen among"
        " others."
    )


def of_epochs(counts: Mapping[str, int]) -> str:
    """Return how many of the networks trainings scored to keep the best; nothing where none was."""
    if not counts["epochs"]:
        return ""
    trainings = wording.plural(counts["trainings"], "training")
    keep = "keeps" if counts["trainings"] == 1 else "keep"
    return (
        f", {wording.count(counts['epochs'])} of them after each epoch of {trainings} that {keep}"
        " the epoch that does best on these people"
    )


def looks_of(rows: Sequence[ReportRow], inputs: ReportInputs) -> dict[str, int]:
    """Return how many networks and settings were scored on a run's people so far.

    Of folds, networks are those of all, and settings those of the fold with the most. ``epochs``
    are the networks among them that ``trainings`` scored, to keep the best.
    """
    networks: set[str] = set()
    epochs: set[str] = set()
    trainings: set[tuple[Any, ...]] = set()
    settings = 0
    for row in rows:
        own = [look for look in inputs.looks if _of(look, row)]
        networks |= {look["weights_sha256"] for look in own}
        settings = max(settings, len({look["setting"] for look in own}))
        taken = [look for look in own if EPOCH in look]
        epochs |= {look["weights_sha256"] for look in taken}
        trainings |= {tuple(look.get(key) for key in TRAINING) for look in taken}
    return {
        "networks": len(networks),
        "settings": settings,
        "epochs": len(epochs),
        "trainings": len(trainings),
    }


def _of(look: Mapping[str, Any], row: ReportRow) -> bool:
    simulated = str(row["simulated"]) == "True"
    # One split has one test part, by whatever names a look of its people was taken.
    known = [key for key in ("people_digest", "split_digest") if row.get(key)]
    same = any(look.get(key) == row[key] for key in known)
    return bool(same and look.get("simulated") == simulated)


def _before(rows: Sequence[ReportRow]) -> list[str]:
    """Return what config says was looked at before the ledger, a sentence for each reason."""
    lines = []
    for why in once(r["before_why"] for r in rows if r["before_why"]):
        own = [r for r in rows if r["before_why"] == why]
        runs = len(of_runs(own))
        times = own[0]["before"]
        often = "an uncounted number of times" if times == UNCOUNTED else _times(times)
        whose = own[0]["run"] if runs == 1 else wording.plural(runs, "run")
        lines.append(f"Before the ledger, {often} ({whose}): {why}.")
    return lines


def _times(times: str) -> str:
    return f"{wording.count(times)} {'time' if float(times) == 1 else 'times'}"


def _networks(counts: Mapping[str, int]) -> str | Cell:
    networks = wording.count(counts["networks"])
    if not counts["epochs"]:
        return networks
    return Cell(networks, small=f"{wording.count(counts['epochs'])} after epochs")


def _table(rows: Sequence[ReportRow], inputs: ReportInputs, names: RunNames) -> Table | None:
    lines: list[Line] = []
    for run, own in of_runs(rows).items():
        first, counts = own[0], looks_of(own, inputs)
        before = first["before"]
        lines.append(
            [
                Cell(names.by_run.get(run, run), small=f"{run} · {first['split']}"),
                first["protocol"],
                Cell(wording.CHOSEN_ON[first["chosen_on"]], small=first["chosen_in"]),
                wording.count(sum(int(row["people"]) for row in own)),
                _networks(counts),
                wording.count(counts["settings"]),
                before if before == UNCOUNTED else wording.count(before),
            ]
        )
    if not lines:
        return None
    head = ("Run", "Protocol", "Chosen", "People", "Networks", "Settings", "Before the ledger")
    return Table(caption=CAPTION, head=head, rows=lines, words=frozenset({1, 2}), note=NOTE)
