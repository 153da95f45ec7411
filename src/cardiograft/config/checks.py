"""Load a config, and check what field types can't: references, and entries that must agree."""

import difflib
import re
from typing import Any

from pydantic import ValidationError

from cardiograft import plugins
from cardiograft.config.apply_checks import check_applied
from cardiograft.config.choice_checks import check_choices
from cardiograft.config.entries import TransferRun, sources, splits_of
from cardiograft.config.export_checks import check_exports
from cardiograft.config.gate_checks import check_gates
from cardiograft.config.noise_checks import check_noise
from cardiograft.config.plain import plain
from cardiograft.config.pool_checks import check_pool
from cardiograft.config.record_checks import check_records, check_thresholds
from cardiograft.config.schema import Config
from cardiograft.config.subject_checks import check_per_subject
from cardiograft.config.sweeps import completed, expanded
from cardiograft.signals import leads, units
from cardiograft.specs.entry import Plugin
from cardiograft.specs.errors import parts
from cardiograft.specs.members import members
from cardiograft.specs.score import named

# Keys that make rows out of an entry: no field of a spec, but a misspelt one is most like it.
WORDS = ("sweep", "variants", "splits", "evaluate", "preset")
NAMED = (
    *("databases", "segments", "quality_gates", "splits", "pretrain", "prune", "transfer"),
    *("baselines", "evaluations", "export", "apply", "studies"),
)
SECTION_NAMES = {"studies": "tables"}  # as config calls it
NAME = re.compile(r"[^./\\{}\x00-\x1f-][^/\\{}\x00-\x1f]*")
UNKNOWN = re.compile(r"unknown key '(\w+)'\.(?! Did you mean)")


def load_config(given: dict[str, Any]) -> Config:
    """Check a config and fill it in.

    Raises
    ------
    ValueError
        One line: the key, its value, and what is accepted.
    """
    raw = completed(expanded(plain(given)))
    raw["studies"] = raw.pop("tables")
    try:
        config = Config.model_validate(raw)
    except ValidationError as error:
        raise ValueError(_one_line(error)) from None
    _check_names(config)
    _check_databases(config)
    _check_controls(config)
    _check_references(config)
    check_gates(config)
    check_noise(config)
    check_records(config)
    check_thresholds(config)
    _check_agreement(config)
    check_choices(config)
    check_exports(config)
    check_applied(config)
    check_per_subject(config)
    return config


def _one_line(error: ValidationError) -> str:
    place, value, message = parts(error)
    place = re.sub(r"^studies\b", "tables", place)  # as config calls them
    if (key := UNKNOWN.match(message)) and (word := difflib.get_close_matches(key[1], WORDS, n=1)):
        message = f"unknown key {key[1]!r}. Did you mean {word[0]!r}?"
    return f"{place}:{value} {message}".removeprefix(": ")


def _check_names(config: Config) -> None:
    """Refuse names that are no names of files, or that Snakemake would take for a pattern."""
    for section in NAMED:
        for name in getattr(config, section):
            if not NAME.fullmatch(name):
                raise ValueError(
                    f"{SECTION_NAMES.get(section, section)}.{name}: a file is named after it: no"
                    " slash, backslash, brace or control character, and no dot or dash at its"
                    " beginning"
                )
    for key in ("results", "data"):
        if re.search(r"[{}]", getattr(config, key)):
            given = getattr(config, key)
            raise ValueError(f"{key}: {given!r}: braces stand for names in Snakemake: rename it")


def _check_databases(config: Config) -> None:
    for name, database in config.databases.items():
        place = f"databases.{name}"
        try:
            own = plugins.constants("datasets", database.dataset).get("OWN", False)
            _check_own(config, own, name)
            if not config.simulated and not database.simulate:
                continue  # a data set need not have a simulation where recordings are real
            allowed = plugins.options("datasets", database.dataset)
        except (ValueError, TypeError) as error:
            raise ValueError(f"{place}: {error}") from None
        for key in database.simulate:
            if key not in allowed.model_fields:
                known = plugins.hint(key, allowed.model_fields)
                raise ValueError(
                    f"{place}: simulate: {database.dataset} has no option {key!r}.{known}"
                )
        try:
            allowed.model_validate(database.simulate)
        except ValidationError as error:
            raise ValueError(f"{place}.simulate.{_one_line(error)}") from None


def _check_own(config: Config, own: bool, name: str) -> None:
    database = config.databases[name]
    if own != (database.folder is not None):
        what = "needs 'folder': {path, subject, ...}" if own else "reads no folder of one's own"
        raise ValueError(f"{database.dataset} {what}")
    if own and config.simulated:
        raise ValueError(
            f"{database.dataset} reads recordings of one's own, which are not simulated:"
            " `mirror` must be another than 'simulated'"
        )
    if database.folder is None:
        return
    seen: dict[str, str] = {}
    for lead, others in database.folder.leads.items():
        for other in (lead, *others):
            first = seen.setdefault(leads.canonical(other).casefold(), lead)
            if first != lead:
                raise ValueError(f"folder.leads: {other!r} is to be {first!r} and {lead!r}")
    for unit in (*database.folder.units.values(), database.folder.unit or "mV"):
        units.find(unit)


def _check_controls(config: Config) -> None:
    with_controls = {name: e for name, e in config.evaluations.items() if e.controls}
    for name, evaluation in with_controls.items():
        for metric in evaluation.metrics:
            kinds = plugins.constants("metrics", metric.name)["KINDS"]
            if "signal" not in kinds:
                raise ValueError(
                    f"evaluations.{name}: controls {list(evaluation.controls)} are for models that"
                    f" give signals, the metric {metric.name!r} is of {' or '.join(kinds)}"
                )
    for name, evaluation in with_controls.items():
        if evaluation.model in config.baselines:
            raise ValueError(
                f"evaluations.{name}.controls: {list(evaluation.controls)} are for networks,"
                f" but {evaluation.model!r} is a baseline"
            )


def _check_references(config: Config) -> None:
    trainings = [*config.pretrain, *config.prune, *config.transfer, *config.baselines]
    for name in set(trainings):
        if trainings.count(name) > 1:
            raise ValueError(f"{name!r} names two entries: names are shared by all trainings")
    networks = trainings[: len(trainings) - len(config.baselines)]
    for name, piece in config.segments.items():
        _known(f"segments.{name}.database", piece.database, config.databases)
    for name, split in config.splits.items():
        for segments in split.segments:
            _known(f"splits.{name}.segments", segments, {**config.segments, **config.quality_gates})
    for name in trainings:
        stage, run = config.stage_of(name), config.trained(name)
        _known(f"{stage}.{name}.split", run.split, config.splits)
        for domain in splits_of(run)[1:]:
            _known(f"{stage}.{name}.adaptation.domain", domain, config.splits)
        for source in sources(run):
            _known(f"{stage}.{name}.source", source, networks)
    for name, evaluation in config.evaluations.items():
        _known(f"evaluations.{name}.model", evaluation.model, trainings)
        _known(f"evaluations.{name}.split", evaluation.split, config.splits)
    for name, export in config.export.items():
        _known(f"export.{name}.source", export.source, networks)
    for name, study in config.studies.items():
        plugins.path("studies", name)
        for entry in study.evaluations:
            _known(f"tables.{name}.evaluations", entry, config.evaluations)


def _known(place: str, name: str, known: Any) -> None:
    if name not in known:
        raise ValueError(f"{place}: no entry named {name!r}.{plugins.hint(name, known)}")


def _check_agreement(config: Config) -> None:
    for stage in ("pretrain", "prune", "transfer"):
        for name, run in getattr(config, stage).items():
            for source in sources(run):
                if config.trained(source).repeats < run.repeats:
                    raise ValueError(
                        f"{stage}.{name}.repeats: {run.repeats} is more than the"
                        f" {config.trained(source).repeats} of its source {source!r}"
                    )
            _check_keep(config, f"{stage}.{name}", run)
            _check_domain(config, f"{stage}.{name}", run)
            _check_members(f"{stage}.{name}.model", run.model)
            _check_view(f"{stage}.{name}.view", run)
    for name, study in config.studies.items():
        # As tables name them, with their options.
        metrics = {named(m) for e in study.evaluations for m in config.evaluations[e].metrics}
        primary = study.primary.partition(":")[0]  # what follows it is one class
        if primary not in metrics:
            known = plugins.hint(primary, metrics)
            raise ValueError(
                f"tables.{name}.primary: {primary!r} is no metric of its evaluations.{known}"
            )
        for run, evaluations in config.runs(name).items():
            if any(config.evaluations[e].pool for e in evaluations):
                check_pool(config, name, run, evaluations)
        _check_shown(config, name)
        _check_means(config, name)
        _check_tags(config, name)


def _check_means(config: Config, name: str) -> None:
    study, runs = config.studies[name], config.runs(name)
    for run, mean in study.means.items():
        place = f"tables.{name}.means.{run}"
        if run in runs:
            raise ValueError(f"{place}: a run of the study has that name")
        for one in mean.of:
            if one not in runs:
                hint = plugins.hint(one, runs)
                raise ValueError(f"{place}.of: no run of the study is named {one!r}.{hint}")
            splits, first = (
                [config.evaluations[e].split for e in runs[r]] for r in (one, mean.of[0])
            )
            per, usual = (config.evaluations[runs[r][0]].per for r in (one, mean.of[0]))
            if per != usual:
                raise ValueError(
                    f"{place}.of: {one!r} counts each {per}, {mean.of[0]!r} each {usual}: no mean"
                    " of the two"
                )
            if splits != first:
                raise ValueError(
                    f"{place}.of: {one!r} is tested on {', '.join(splits)}, {mean.of[0]!r} on"
                    f" {', '.join(first)}: no mean of the two"
                )
        repeats = sum(config.trained(config.evaluations[runs[r][0]].model).repeats for r in mean.of)
        if repeats < 2:
            raise ValueError(f"{place}.of: {mean.of[0]!r} has one repeat: a mean needs two")
        if mean.aligned and len(mean.of) < 2:
            raise ValueError(f"{place}.aligned: to what? {mean.of[0]!r} is the only run")
        own = config.tags(runs[mean.of[0]][0])
        if {**own, **mean.tags} == own:
            raise ValueError(
                f"{place}.tags: nothing tells it from {mean.of[0]!r}: give a tag another value"
            )


def _check_shown(config: Config, name: str) -> None:
    study, runs = config.studies[name], config.runs(name)
    for run in study.shown:
        if run not in runs:
            known = plugins.hint(run, runs)
            raise ValueError(f"tables.{name}.shown: no run of the study is named {run!r}.{known}")
        for segments in config.inputs(name, run):
            if config.cut_by(segments).target is None:
                raise ValueError(
                    f"tables.{name}.shown: {run!r} predicts no signals that could be drawn: its"
                    f" segments {segments!r} have no target"
                )


def _check_tags(config: Config, name: str) -> None:
    # Values are not asked for: an overlay may leave out the runs of a comparison or a curve.
    study = config.studies[name]
    questions = {key for key, question in study.questions.items() if question is not None}
    for pair in study.comparisons:
        if pair.question is not None and pair.question not in questions:
            known = plugins.hint(pair.question, questions)
            raise ValueError(
                f"tables.{name}.comparisons: no question is named {pair.question!r}.{known}"
            )
    tags = {tag for evaluation in study.evaluations for tag in config.tags(evaluation)}
    for key, entries in (("comparisons", study.comparisons), ("curves", study.curves)):
        for one in entries:
            if one.tag not in tags:
                known = plugins.hint(one.tag, tags)
                raise ValueError(f"tables.{name}.{key}: no run has the tag {one.tag!r}.{known}")


def _check_members(place: str, model: Plugin) -> None:
    try:
        members(model.options.get("members", ()))
    except ValidationError as error:
        raise ValueError(f"{place}.members: {_one_line(error)}") from None


def _check_view(place: str, run: Any) -> None:
    pictures = plugins.constants("models", run.model.name).get("TAKES") == "pictures"
    if pictures and run.view is None:
        views = ", ".join(plugins.names("views"))
        raise ValueError(f"{place}: {run.model.name} takes pictures: name a view, one of {views}")
    if run.view is not None and not pictures:
        raise ValueError(f"{place}: {run.model.name} takes signals, not pictures: leave it out")


def _check_domain(config: Config, place: str, run: Any) -> None:
    if not isinstance(run, TransferRun) or run.adaptation is None:
        return
    adaptation, protocol = run.adaptation, config.splits[run.adaptation.domain].protocol
    if adaptation.part == "test" and protocol != "paper":
        raise ValueError(
            f"{place}.adaptation.part: 'test' adapts to the test part of the {protocol} split"
            f" {adaptation.domain!r}: accepted is 'train'"
        )


def _check_keep(config: Config, place: str, run: Any) -> None:
    split, keep = config.splits[run.split], run.training.keep
    if keep == "best_test" and split.protocol != "paper":
        raise ValueError(
            f"{place}.training.keep: 'best_test' chooses on the test part of the"
            f" {split.protocol} split {run.split!r}: accepted are 'last' and 'best_validation'"
        )
    if keep == "best_validation" and not split.validates and split.scheme != "fixed":
        raise ValueError(
            f"{place}.training.keep: 'best_validation' needs a validation part, but the split"
            f" {run.split!r} has validation 0"
        )
