"""What an entry of config depends on, and what is made from it, in lines to read."""

from collections.abc import Iterator

from cardiograft.config.entries import BaselineRun, sources, splits_of
from cardiograft.config.schema import Config
from cardiograft.config.sweeps import TRAININGS


def relations(config: Config, section: str, entry: str) -> Iterator[str]:
    """Yield lines about what an entry depends on, and what is made from it."""
    yield "  depends on"
    yield from (f"    {line}" for line in _behind(config, section, entry))
    yield "  made from it"
    yield from [f"    {line}" for line in _after(config, section, entry)] or ["    nothing"]


def _behind(config: Config, section: str, entry: str) -> Iterator[str]:
    if section == "databases":
        yield f"the mirror {config.mirror}"
    elif section == "segments":
        yield f"databases: {config.segments[entry].database}"
    elif section == "quality_gates":
        gate = config.quality_gates[entry]
        for name in dict.fromkeys((gate.segments, gate.shown)):
            yield f"segments: {name}, of {config.segments[name].database}"
        where = "file" if gate.model is None else config.stage_of(gate.model)
        yield f"{where}: {gate.network}"
    elif section == "splits":
        yield from _segments(config, entry)
    elif section == "export":
        source = config.export[entry].source
        yield f"{config.stage_of(source)}: {source}"
        yield from _split(config, config.trained(source).split)
    elif section == "apply":
        model = config.apply[entry].model
        yield f"{_stage(config, model)}: {model}"
        yield f"the folder {config.apply[entry].records}"
    elif section == "evaluations":
        evaluation = config.evaluations[entry]
        yield f"{config.stage_of(evaluation.model)}: {evaluation.model}"
        yield from _split(config, evaluation.split)
        other = config.predicted_as[entry]
        if other != entry:
            yield f"evaluations: {other}, which asks the same: its audit and predictions are shared"
    else:
        names: list[str] = []
        for name, run in config.lineage(entry):
            if name != entry:
                yield f"{config.stage_of(name)}: {name}"
            for split in splits_of(run):
                if split not in names:
                    yield from _split(config, split)
                names.append(split)


def _split(config: Config, name: str) -> Iterator[str]:
    split = config.splits[name]
    fold = "" if split.fold is None else f", fold {split.fold} of {split.folds}"
    yield f"splits: {name} ({split.scheme}, {split.protocol}{fold})"
    yield from (f"  {line}" for line in _segments(config, name))


def _segments(config: Config, split: str) -> Iterator[str]:
    for name in config.splits[split].segments:
        section = "quality_gates" if name in config.quality_gates else "segments"
        yield f"{section}: {name}, of {config.cut_by(name).database}"


def _after(config: Config, section: str, entry: str) -> Iterator[str]:
    if section == "databases":
        yield from (f"segments: {n}" for n, s in config.segments.items() if s.database == entry)
    elif section in ("segments", "quality_gates"):
        yield from (f"splits: {n}" for n, s in config.splits.items() if entry in s.segments)
        for name, gate in config.quality_gates.items():
            if section == "segments" and entry in (gate.segments, gate.shown):
                yield f"quality_gates: {name}"
    elif section == "evaluations":
        yield from _tables(config, entry)
        for name, other in config.predicted_as.items():
            if other == entry != name:
                yield f"evaluations: {name}, which shares its audit and predictions"
    elif section in ("export", "apply"):
        return
    else:
        split = section == "splits"
        for stage in TRAININGS:
            for name, run in getattr(config, stage).items():
                weights = () if isinstance(run, BaselineRun) else sources(run)
                if entry in (splits_of(run) if split else weights):
                    yield f"{stage}: {name}"
        for name, evaluation in config.evaluations.items():
            if entry == (evaluation.split if split else evaluation.model):
                yield f"evaluations: {name}"
        for name, used in config.apply.items():
            if not split and entry == used.model:
                yield f"apply: {name}"
        for name, gate in config.quality_gates.items():
            if not split and entry == gate.model:
                yield f"quality_gates: {name}"
        for name, file in config.export.items():
            if entry == (config.trained(file.source).split if split else file.source):
                yield f"export: {name}"


def _stage(config: Config, model: str) -> str:
    """Return the section of a network, or that it comes along."""
    networks = (*config.pretrain, *config.prune, *config.transfer)
    return config.stage_of(model) if model in networks else "shipped"


def _tables(config: Config, evaluation: str) -> Iterator[str]:
    for study in config.studies:
        for run, members in config.runs(study).items():
            if evaluation in members:
                rest = "" if run == evaluation else f", a fold of the run {run}"
                yield f"tables: {study}{rest}"
