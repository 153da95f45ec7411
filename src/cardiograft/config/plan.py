"""Which job reads what: paths, and the two params of every job, for the Snakefile's rules."""

import re
from collections.abc import Iterable, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from cardiograft import plugins
from cardiograft.checkpoints.folder import CARD, HISTORY, LEDGER, WEIGHTS
from cardiograft.config.entries import BaselineRun, TransferRun, splits_of
from cardiograft.config.entries import sources as sources_of
from cardiograft.config.gates import check_gate_files, gates, with_gates
from cardiograft.config.schema import Config
from cardiograft.fingerprint import fingerprint
from cardiograft.physionet import mirrors
from cardiograft.specs.download import Download
from cardiograft.specs.members import files as files_of
from cardiograft.specs.report import Report
from cardiograft.specs.segment import Segment
from cardiograft.specs.split import Split
from cardiograft.specs.training import Spread
from cardiograft.specs.transfer import Transfer

MODEL_FILES = {"model": WEIGHTS, "history": HISTORY, "card": CARD}
UNASKED = ("publish", "hdf5", "cost")  # stages that nothing in config changes
NOTHING = "(?!)"  # a wildcard constraint that no name meets


def check_weights(transfers: Mapping[str, Transfer]) -> None:
    """Look for the files of weights that others have published.

    Raises
    ------
    FileNotFoundError
        One is not there, or the package that it is a file of.
    """
    for name, run in transfers.items():
        for outside in (source.outside for source in run.sources if source.outside):
            if not outside.path.is_file():
                where = f"transfer.{name}.source.file"
                raise FileNotFoundError(f"{where}: no file {str(outside.path)!r}")


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
        if any(not Path(self._manifest(d)).exists() for d in published):
            mirrors.check(config.mirror)
        for database in set(self.databases) - set(published):
            self._content(database)  # a folder that is not there is said before any job
        check_weights(config.transfer)
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
        those of one node are one task's own matter.
        """
        spec = self.config.spec(stage, entry)
        assert isinstance(spec, Spread)
        several = spec.num_nodes > 1
        return {
            "processes": spec.processes,
            "threads": 1 if several else spec.devices,
            "nodes": spec.num_nodes,
            "tasks_per_node": spec.devices if several else None,
            "mpi": "srun" if several else None,
        }

    # Paths.

    def manifest(self, segments: str) -> str:
        """Return the manifest of the database that a segments entry cuts."""
        return self._manifest(self.config.segments[segments].database)

    def noise_manifest(self, segments: str) -> list[str]:
        """Return the manifest of the database whose noise a segments entry adds, if any."""
        noise = self.config.segments[segments].noise
        return [] if noise is None else [self._manifest(noise.database)]

    def segments(self, split: str) -> list[str]:
        """Return the shard folders of a split."""
        return [self._shards(s) for s in self.config.splits[split].segments]

    def gated(self, gate: str) -> str:
        """Return the shard folder whose segments a quality gate lets pass or drops."""
        return self._shards(self.config.quality_gates[gate].segments)

    def gate_pieces(self, gate: str) -> str:
        """Return the shard folder that the network of a quality gate is shown."""
        return self._shards(self.config.quality_gates[gate].shown)

    def gate_model(self, gate: str) -> str:
        """Return the checkpoint of a quality gate: of a training here, or a file."""
        asked = self.config.quality_gates[gate]
        if asked.model is None:
            return str(asked.file)
        return self._of(asked.model, asked.repeat, WEIGHTS)

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
            return [self._of(source, repeat, WEIGHTS) for source in sources_of(run)]
        return [
            f"{self.results}/outside/{source.outside.key}.safetensors"
            if source.outside is not None
            else self._of(str(source.entry), repeat, WEIGHTS)
            for source in run.sources
        ]

    def outside(self, key: str) -> str:
        """Return the file that others have published, as config names it."""
        return str(self.config.outside[key].path)

    def checkpoint(self, entry: str, repeat: str | int) -> str:
        """Return the checkpoint of a training."""
        return self._of(entry, repeat, WEIGHTS)

    def exported(self) -> list[str]:
        """Return the HDF5 files of the networks to export, every repeat."""
        return [
            f"{self.results}/exports/{entry}/{repeat}.h5"
            for entry in self.config.exports
            for repeat in range(self.config.trained(entry).repeats)
        ]

    def export_source(self, entry: str) -> str:
        """Return the checkpoint that an entry of `export` writes as a file."""
        asked = self.config.export[entry]
        return self._of(asked.source, asked.repeat, WEIGHTS)

    def export_split(self, entry: str) -> str:
        """Return the name of the split that its network was trained on."""
        return self.config.trained(self.config.export[entry].source).split

    def exports_of(self, sources: Iterable[str]) -> list[str]:
        """Return the cards of the files that are made of some trainings."""
        known = set(sources)
        return [
            f"{self.results}/export/{name}/{CARD}"
            for name, asked in self.config.export.items()
            if asked.source in known
        ]

    def all_exports(self) -> list[str]:
        """Return the cards of all files for devices."""
        return self.exports_of(asked.source for asked in self.config.export.values())

    def domain_segments(self, transfer: str) -> list[str]:
        """Return the shard folders of the domain that a transfer adapts to, if any."""
        _, *domains = splits_of(self.config.transfer[transfer])
        return [folder for domain in domains for folder in self.segments(domain)]

    def domain_split(self, transfer: str) -> list[str]:
        """Return the table of that domain's split, if any."""
        _, *domains = splits_of(self.config.transfer[transfer])
        return [self.split(domain) for domain in domains]

    def evaluated_model(self, evaluation: str, repeat: str) -> str:
        """Return the checkpoint that an evaluation asks."""
        return self._of(self.config.evaluations[evaluation].model, repeat, WEIGHTS)

    def lineage_splits(self, evaluation: str) -> list[str]:
        """Return the splits of an evaluation and of every training behind its model.

        With those of domains that a training adapted to.
        """
        return [self.split(s) for s in self._lineage_splits(evaluation)]

    def lineage_tables(self, evaluation: str) -> list[str]:
        """Return those splits, and those that led to files which quality gates are."""
        behind = gates(self.config, self._lineage_splits(evaluation)).values()
        outside = [table for gate in behind for table in gate.trained_on]
        return _once((*self.lineage_splits(evaluation), *outside))

    def lineage_segments(self, evaluation: str) -> list[str]:
        """Return the shard folders of those splits."""
        return _once(s for split in self._lineage_splits(evaluation) for s in self.segments(split))

    def _lineage_splits(self, evaluation: str) -> list[str]:
        spec = self.config.evaluations[evaluation]
        lineage = self.config.lineage(spec.model)
        trainings = [split for _, run in lineage for split in splits_of(run)]
        return with_gates(self.config, _once((spec.split, *trainings)))

    def of_study(self, study: str, kind: str) -> list[str]:
        """Return a study's predictions or scores, every repeat."""
        return [
            f"{self.results}/{kind}/{entry}/{repeat}.parquet"
            for entry in self.config.studies[study].evaluations
            for repeat in range(self._repeats(entry))
        ]

    def cut(self, study: str) -> list[str]:
        """Return the shard folders behind a study: of its tests and of every training."""
        evaluations = self.config.studies[study].evaluations
        splits = _once(s for e in evaluations for s in self._lineage_splits(e))
        pieces = _once(p for split in splits for p in self.config.splits[split].segments)
        known = self.config.quality_gates
        before = (known[p].segments for p in pieces if p in known)
        return [self._shards(p) for p in _once((*before, *pieces))]

    def tables(self, study: str) -> str:
        """Return the folder of a study's tables."""
        return f"{self.results}/tables/{self._study(study)}"

    def cards(self, study: str) -> list[str]:
        """Return the cards of every training behind a study."""
        evaluations = self.config.studies[study].evaluations
        return self._model_files(evaluations, CARD)

    def measured(self, study: str) -> list[str]:
        """Return the networks behind a study whose costs are measured: first repeats."""
        names = _once(
            name
            for evaluation in self.config.studies[study].evaluations
            for name, run in self.config.lineage(self.config.evaluations[evaluation].model)
            if not isinstance(run, BaselineRun)
        )
        return [self.checkpoint(name, 0) for name in names]

    def costs(self, study: str) -> str:
        """Return the file of what each network behind a study costs."""
        return f"{self.results}/costs/{self._study(study)}.json"

    def histories(self, study: str) -> list[str]:
        """Return the histories of every training behind a study whose learning curves are shown."""
        if "LEARNING_CURVE" not in plugins.constants("studies", study):
            return []
        return self._model_files(self.config.studies[study].evaluations, HISTORY)

    def shown(self, study: str) -> list[str]:
        """Return the shard folders of the runs whose signals a study draws."""
        shown = self.config.studies[study].shown
        names = _once(s for run in shown for s in self.config.inputs(study, run))
        return [self._shards(name) for name in names]

    # Which evaluations ask a network, and which a baseline: two rules with one output.

    def networks_evaluated(self) -> str:
        """Return a pattern of the evaluations whose model is a network."""
        return self._pattern(baseline=False)

    def baselines_evaluated(self) -> str:
        """Return a pattern of the evaluations whose model is a baseline."""
        return self._pattern(baseline=True)

    def reported(self, study: str = "") -> dict[str, list[str]]:
        """Return the inputs of the report: of every study, or of one alone."""
        studies = [self._study(study)] if study else list(self.config.studies)
        evaluations = self._evaluations(studies)
        splits = _once(s for e in evaluations for s in self.lineage_splits(e))
        return {
            "tables": [self.tables(one) for one in studies],
            "manifests": [self._manifest(d) for d in self._databases(evaluations)],
            "segments": _once(s for one in studies for s in self.cut(one)),
            "splits": [self.split_audit(Path(s).stem) for s in splits],
            "audits": [f"{self.results}/audits/{e}.json" for e in evaluations],
            "cards": self._model_files(evaluations, CARD),
            "histories": self._model_files(evaluations, HISTORY),
            "ledgers": self._model_files(evaluations, LEDGER),
            "exports": self.exports_of(
                name
                for e in evaluations
                for name, _ in self.config.lineage(self.config.evaluations[e].model)
            ),
        }

    @cached_property
    def databases(self) -> list[str]:
        """The databases that some study needs."""
        return self._databases(self._evaluations(self.config.studies))

    def _study(self, name: str) -> str:
        if name not in self.config.studies:
            raise ValueError(f"no study named {name!r}.{plugins.hint(name, self.config.studies)}")
        return name

    def _evaluations(self, studies: Iterable[str]) -> list[str]:
        """Return the evaluations that some of these studies tells of."""
        return _once(e for study in studies for e in self.config.studies[study].evaluations)

    def _databases(self, evaluations: Iterable[str]) -> list[str]:
        """Return the databases behind evaluations: of every training, then of their tests."""
        config, evaluated = self.config, [self.config.evaluations[e] for e in evaluations]
        trainings = (run for e in evaluated for _, run in config.lineage(e.model))
        own = [split for run in trainings for split in splits_of(run)]
        splits = with_gates(config, _once((*own, *(e.split for e in evaluated))))
        pieces = _once(p for split in splits for p in config.splits[split].segments)
        return _once(d for piece in pieces for d in config.cut_by(piece).databases)

    def _shards(self, name: str) -> str:
        """Return the shard folder of an entry of `segments` or of `quality_gates`."""
        kind = "quality_gates" if name in self.config.quality_gates else "segments"
        return f"{self.results}/{kind}/{name}"

    def _manifest(self, database: str) -> str:
        return f"{self.results}/manifests/{database}.json"

    @cache  # noqa: B019
    def _content(self, database: str) -> str:
        asked, manifest = self.config.databases[database], Path(self._manifest(database))
        if asked.folder is not None:
            return mirrors.own_content(asked.folder, manifest)
        facts = plugins.constants("datasets", asked.dataset)
        if facts.get("GENERATED"):
            return "published"  # no mirror holds it
        return mirrors.content(self.config.mirror, facts["SLUG"], facts["VERSION"], manifest)

    def _of(self, training: str, repeat: str | int, file: str) -> str:
        return f"{self.results}/{self.config.stage_of(training)}/{training}/{repeat}/{file}"

    def _repeats(self, evaluation: str) -> int:
        return self.config.trained(self.config.evaluations[evaluation].model).repeats

    def _model_files(self, evaluations: Iterable[str], file: str) -> list[str]:
        found = []
        for evaluation in evaluations:
            repeats = self._repeats(evaluation)
            for name, run in self.config.lineage(self.config.evaluations[evaluation].model):
                has_ledger = isinstance(run, TransferRun) or file != LEDGER
                if has_ledger and not isinstance(run, BaselineRun):
                    found += [self._of(name, repeat, file) for repeat in range(repeats)]
        return _once(found)

    def _pattern(self, *, baseline: bool) -> str:
        config = self.config
        names = [
            re.escape(name)
            for name, evaluation in config.evaluations.items()
            if isinstance(config.trained(evaluation.model), BaselineRun) is baseline
        ]
        return "|".join(names) or NOTHING


def _once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
