"""Which job reads what: paths, and the two params of every job, for the Snakefile's rules."""

import re
from collections.abc import Iterable
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from cardiograft import plugins
from cardiograft.checkpoints.folder import CARD, HISTORY, LEDGER, WEIGHTS
from cardiograft.config.apply_checks import content_of
from cardiograft.config.entries import BaselineRun, TransferRun, splits_of
from cardiograft.config.entries import sources as sources_of
from cardiograft.config.gates import check_gate_files, gates, led_to, shipped, with_gates
from cardiograft.config.schema import Config
from cardiograft.config.shipped_sources import behind
from cardiograft.config.weight_checks import check_weights
from cardiograft.fingerprint import fingerprint
from cardiograft.physionet import mirrors
from cardiograft.shipped import catalogue
from cardiograft.shipped.catalogue import Shipped
from cardiograft.specs.download import Download
from cardiograft.specs.members import files as files_of
from cardiograft.specs.report import Report
from cardiograft.specs.segment import Segment
from cardiograft.specs.split import Split
from cardiograft.specs.training import Spread

MODEL_FILES = {"model": WEIGHTS, "history": HISTORY, "card": CARD}
UNASKED = ("publish", "hdf5", "cost")  # stages that nothing in config changes
NOTHING = "(?!)"  # a wildcard constraint that no name meets


class Plan:
    """The jobs that a config stands for.

    Raises
    ------
    ValueError, FileNotFoundError
        The mirror is misspelt or can't be reached, and something must be fetched from it; or a file
        of weights, or the package that it is a file of, is not there.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self.results = config.results
        published = [d for d in self.databases if config.databases[d].folder is None]
        if any(not Path(self.database_manifest(d)).exists() for d in published):
            mirrors.check(config.mirror)
        for database in set(self.databases) - set(published):
            self._content(database)  # a folder that is not there is reported before any job
        check_weights(config.transfer)
        for name in config.apply:
            self.applied_content(name)
        check_gate_files(config.quality_gates)

    # The two params. Repeats of an entry have them in common, and Snakemake asks for each job.

    @cache  # noqa: B019  a plan lives as long as its process
    def spec(self, stage: str, entry: str = "") -> str:
        """Return a job's spec as JSON with sorted keys; some stages are asked for nothing."""
        if stage in UNASKED:
            return "{}"
        content = self._content(entry) if stage == "download" else "published"
        return self.config.spec(stage, entry, content=content).canonical()

    @cache  # noqa: B019
    def code(self, stage: str, entry: str = "") -> str:
        """Return the fingerprints of the code that a job runs, as JSON."""
        if stage in UNASKED:
            studies = [f"src/cardiograft/studies/{entry}.py"] if stage == "publish" else []
            return fingerprint(f"workflow/scripts/{stage}.py", *studies)
        spec = self.config.spec(stage, entry)
        files = list(files_of(spec.plugins()))
        if isinstance(spec, Download | Segment):
            files.append(f"src/cardiograft/datasets/{spec.dataset}.py")
        if isinstance(spec, Segment) and spec.noise is not None:
            files.append(f"src/cardiograft/datasets/{spec.noise.dataset}.py")
        if isinstance(spec, Split) and spec.scheme == "fixed":  # the data set's own parts
            segments = (self.config.cut_by(s) for s in spec.segments)
            files += [f"src/cardiograft/datasets/{s.dataset}.py" for s in segments]
        if isinstance(spec, Report):
            files += [f"src/cardiograft/studies/{s}.py" for s in spec.studies]
        simulates = isinstance(spec, Download) and spec.simulate is not None
        without = () if simulates else ("datasets/simulation",)
        return fingerprint(f"workflow/scripts/{stage}.py", *files, without=without)

    def spread(self, stage: str, entry: str) -> dict[str, Any]:
        """Return what a training's processes need of a scheduler, by resource.

        The tasks of several nodes are begun by `srun` (`mpi`, as the plug-in for SLURM has it);
        those of one node are one task's own matter. Unless it is told of 0 `tasks_per_gpu`, the
        plug-in asks for a task for each GPU, each with all of the processors: too many on one node,
        and refused beside `tasks_per_node`. Every process reads the data set: `readers` of a node.
        """
        spec = self.config.spec(stage, entry)
        assert isinstance(spec, Spread)
        several = spec.num_nodes > 1
        return {
            "processes": spec.processes,
            "threads": 1 if several else spec.devices,
            "nodes": spec.num_nodes,
            "tasks_per_node": spec.devices if several else None,
            "tasks_per_gpu": 0 if spec.processes > 1 else None,
            "readers": spec.devices,
            "mpi": "srun" if several else None,
        }

    # Paths.

    def manifest(self, segments: str) -> str:
        """Return the manifest of the database that a segments entry cuts."""
        return self.database_manifest(self.config.segments[segments].database)

    def noise_manifest(self, segments: str) -> list[str]:
        """Return the manifest of the database whose noise a segments entry adds, if any."""
        noise = self.config.segments[segments].noise
        return [] if noise is None else [self.database_manifest(noise.database)]

    def segments(self, split: str) -> list[str]:
        """Return the shard folders of a split."""
        return [self.shards(s) for s in self.config.splits[split].segments]

    def gated(self, gate: str) -> str:
        """Return the shard folder whose segments a quality gate lets pass or drops."""
        return self.shards(self.config.quality_gates[gate].segments)

    def gate_pieces(self, gate: str) -> str:
        """Return the shard folder that the network of a quality gate is shown."""
        return self.shards(self.config.quality_gates[gate].shown)

    def gate_model(self, gate: str) -> str:
        """Return the checkpoint of a quality gate: of a training here, or a file."""
        spec = self.config.quality_gates[gate]
        if spec.model is None:
            return str(spec.file)
        return self.file_of(spec.model, spec.repeat, WEIGHTS)

    def split(self, split: str) -> str:
        """Return a split's table."""
        return f"{self.results}/splits/{split}.parquet"

    def split_audit(self, split: str) -> str:
        """Return what is known of a split's parts: leaks, and the classes in each."""
        return f"{self.results}/splits/{split}.audit.json"

    def model(self, stage: str) -> dict[str, str]:
        """Return the outputs of a training rule, with wildcards."""
        names = MODEL_FILES | ({"ledger": LEDGER} if stage == "transfer" else {})
        folder = f"{self.results}/{stage}/{{entry}}/{{repeat}}"
        return {key: f"{folder}/{name}" for key, name in names.items()}

    def sources(self, entry: str, repeat: str) -> list[str]:
        """Return the checkpoints that a training loads, of the same repeat."""
        run = self.config.trained(entry)
        if not isinstance(run, TransferRun):
            return [self.file_of(source, repeat, WEIGHTS) for source in sources_of(run)]
        return [
            f"{self.results}/outside/{source.outside.key}.safetensors"
            if source.outside is not None
            else self.file_of(str(source.entry), repeat, WEIGHTS)
            for source in run.sources
        ]

    def outside(self, key: str) -> str:
        """Return the file that others have published, as config names it."""
        return str(self.config.outside[key].path)

    def checkpoint(self, entry: str, repeat: str | int) -> str:
        """Return the checkpoint of a training."""
        return self.file_of(entry, repeat, WEIGHTS)

    def exported(self) -> list[str]:
        """Return the HDF5 files of the networks to export, every repeat."""
        return [
            f"{self.results}/exports/{entry}/{repeat}.h5"
            for entry in self.config.exports
            for repeat in range(self.config.trained(entry).repeats)
        ]

    def export_source(self, entry: str) -> str:
        """Return the checkpoint that an entry of `export` writes as a file."""
        export = self.config.export[entry]
        return self.file_of(export.source, export.repeat, WEIGHTS)

    def export_split(self, entry: str) -> str:
        """Return the name of the split that its network was trained on."""
        return self.config.trained(self.config.export[entry].source).split

    def exports_of(self, sources: Iterable[str]) -> list[str]:
        """Return the cards of the files that are made of some trainings."""
        known = set(sources)
        return [
            f"{self.results}/export/{name}/{CARD}"
            for name, export in self.config.export.items()
            if export.source in known
        ]

    def all_exports(self) -> list[str]:
        """Return the cards of all files for devices."""
        return self.exports_of(export.source for export in self.config.export.values())

    def applied_model(self, entry: str) -> str:
        """Return the checkpoint that an entry of `apply` asks: a training's, or a shipped one."""
        spec = self.config.apply[entry]
        if spec.model in (*self.config.pretrain, *self.config.prune, *self.config.transfer):
            return self.file_of(spec.model, spec.repeat, WEIGHTS)
        return str(catalogue.find(spec.model).weights)

    @cache  # noqa: B019
    def applied_content(self, entry: str) -> str:
        """Return what identifies the recordings that an entry of `apply` predicts."""
        return content_of(self.config, entry)

    def all_applied(self) -> list[str]:
        """Return the folders of predictions of all entries of `apply`."""
        return [f"{self.results}/apply/{name}" for name in self.config.apply]

    def domain_segments(self, transfer: str) -> list[str]:
        """Return the shard folders of the domain that a transfer adapts to, if any."""
        _, *domains = splits_of(self.config.transfer[transfer])
        return [folder for domain in domains for folder in self.segments(domain)]

    def domain_split(self, transfer: str) -> list[str]:
        """Return the table of that domain's split, if any."""
        _, *domains = splits_of(self.config.transfer[transfer])
        return [self.split(domain) for domain in domains]

    def audit(self, evaluation: str) -> str:
        """Return the audit of an evaluation, which others that ask the same share."""
        return f"{self.results}/audits/{self.config.predicted_as[evaluation]}.json"

    def predictions(self, evaluation: str, repeat: str | int) -> str:
        """Return the predictions that an evaluation is scored by, shared in the same way."""
        name = self.config.predicted_as[evaluation]
        return f"{self.results}/predictions/{name}/{repeat}.parquet"

    def evaluated_model(self, evaluation: str, repeat: str) -> str:
        """Return the checkpoint that an evaluation asks."""
        return self.file_of(self.config.evaluations[evaluation].model, repeat, WEIGHTS)

    def lineage_splits(self, evaluation: str) -> list[str]:
        """Return the splits of an evaluation and of every training behind its model.

        With those of domains that a training adapted to.
        """
        return [self.split(s) for s in self.splits_behind(evaluation)]

    def lineage_tables(self, evaluation: str) -> list[str]:
        """Return those splits, and those that led to files which quality gates are."""
        behind = gates(self.config, self.splits_behind(evaluation)).values()
        outside = [t for gate in behind if shipped(gate) is None for t in gate.trained_on]
        return once((*self.lineage_splits(evaluation), *outside))

    def lineage_segments(self, evaluation: str) -> list[str]:
        """Return the shard folders of those splits."""
        return once(s for split in self.splits_behind(evaluation) for s in self.segments(split))

    def splits_behind(self, evaluation: str) -> list[str]:
        """Return the names of those splits."""
        spec = self.config.evaluations[evaluation]
        lineage = self.config.lineage(spec.model)
        trainings = [split for _, run in lineage for split in splits_of(run)]
        return with_gates(self.config, once((spec.split, *trainings)))

    def shipped_splits(self, evaluation: str) -> list[str]:
        """Return tables of whom shipped networks behind an evaluation were trained on."""
        return once(str(path) for network in self._shipped(evaluation) for path in network.splits)

    def shipped_segments(self, evaluation: str) -> list[str]:
        """Return folders that say of their recordings what shards say."""
        return once(str(path) for network in self._shipped(evaluation) for path in network.segments)

    def _shipped(self, evaluation: str) -> list[Shipped]:
        spec = self.config.evaluations[evaluation]
        runs = [run for _, run in self.config.lineage(spec.model)]
        read = (split for run in runs for split in splits_of(run))
        own = []
        for gate in gates(self.config, (spec.split, *read)).values():
            runs += [run for _, run in led_to(self.config, gate)]
            own.append(shipped(gate))
        return [*(network for run in runs for network in behind(run)), *filter(None, own)]

    # Which evaluations ask a network, and which a baseline: two rules with one output. No rule
    # makes files by the name of an evaluation that has those of another.

    def audited(self) -> str:
        """Return a pattern of the evaluations that have an audit and predictions of their own."""
        return self._pattern((False, True))

    def networks_evaluated(self) -> str:
        """Return a pattern of those whose model is a network."""
        return self._pattern((False,))

    def baselines_evaluated(self) -> str:
        """Return a pattern of those whose model is a baseline."""
        return self._pattern((True,))

    @cached_property
    def databases(self) -> list[str]:
        """The databases that some study needs."""
        by_study = (study.evaluations for study in self.config.studies.values())
        return self.databases_behind(once(e for evaluations in by_study for e in evaluations))

    def databases_behind(self, evaluations: Iterable[str]) -> list[str]:
        """Return the databases behind evaluations: of every training, then of their tests."""
        config, evaluated = self.config, [self.config.evaluations[e] for e in evaluations]
        trainings = (run for e in evaluated for _, run in config.lineage(e.model))
        own = [split for run in trainings for split in splits_of(run)]
        splits = with_gates(config, once((*own, *(e.split for e in evaluated))))
        pieces = once(p for split in splits for p in config.splits[split].segments)
        return once(d for piece in pieces for d in config.cut_by(piece).databases)

    def shards(self, name: str) -> str:
        """Return the shard folder of an entry of `segments` or of `quality_gates`."""
        kind = "quality_gates" if name in self.config.quality_gates else "segments"
        return f"{self.results}/{kind}/{name}"

    def database_manifest(self, database: str) -> str:
        """Return the manifest of a database."""
        return f"{self.results}/manifests/{database}.json"

    @cache  # noqa: B019
    def _content(self, database: str) -> str:
        spec, manifest = self.config.databases[database], Path(self.database_manifest(database))
        if spec.folder is not None:
            return mirrors.own_content(spec.folder, manifest)
        facts = plugins.constants("datasets", spec.dataset)
        if facts.get("GENERATED"):
            return "published"  # no mirror holds it
        return mirrors.content(self.config.mirror, facts["SLUG"], facts["VERSION"], manifest)

    def file_of(self, training: str, repeat: str | int, file: str) -> str:
        """Return a file of a training's checkpoint."""
        return f"{self.results}/{self.config.stage_of(training)}/{training}/{repeat}/{file}"

    def _pattern(self, baseline: Iterable[bool]) -> str:
        config = self.config
        names = [
            re.escape(name)
            for name, evaluation in config.evaluations.items()
            if config.predicted_as[name] == name
            and isinstance(config.trained(evaluation.model), BaselineRun) in baseline
        ]
        return "|".join(names) or NOTHING


def once(names: Iterable[str]) -> list[str]:
    """Return names in the order in which each comes first."""
    return list(dict.fromkeys(names))
