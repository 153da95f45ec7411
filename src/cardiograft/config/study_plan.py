"""What a study's tables and the report read: every file behind its evaluations."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from cardiograft import plugins
from cardiograft.checkpoints.folder import CARD, HISTORY, LEDGER
from cardiograft.config.entries import BaselineRun, TransferRun
from cardiograft.config.plan import Plan, once


class StudyPlan:
    """The files behind each study of a plan."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.config, self.results = plan.config, plan.results

    def predictions(self, study: str) -> list[str]:
        """Return the predictions that a study's evaluations are scored by, every repeat."""
        return once(self.plan.predictions(e, repeat) for e, repeat in self._each(study))

    def scores(self, study: str) -> list[str]:
        """Return a study's scores, every repeat."""
        return [f"{self.results}/scores/{e}/{repeat}.parquet" for e, repeat in self._each(study)]

    def cut(self, study: str) -> list[str]:
        """Return the shard folders behind a study: of its tests and of every training."""
        evaluations = self.config.studies[study].evaluations
        splits = once(s for e in evaluations for s in self.plan.splits_behind(e))
        pieces = once(p for split in splits for p in self.config.splits[split].segments)
        known = self.config.quality_gates
        before = (known[p].segments for p in pieces if p in known)
        return [self.plan.shards(p) for p in once((*before, *pieces))]

    def tables(self, study: str) -> str:
        """Return the folder of a study's tables."""
        return f"{self.results}/tables/{self._study(study)}"

    def cards(self, study: str) -> list[str]:
        """Return the cards of every training behind a study."""
        evaluations = self.config.studies[study].evaluations
        return self._model_files(evaluations, CARD)

    def measured(self, study: str) -> list[str]:
        """Return the networks behind a study whose costs are measured: first repeats."""
        names = once(
            name
            for evaluation in self.config.studies[study].evaluations
            for name, run in self.config.lineage(self.config.evaluations[evaluation].model)
            if not isinstance(run, BaselineRun)
        )
        return [self.plan.checkpoint(name, 0) for name in names]

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
        names = once(s for run in shown for s in self.config.inputs(study, run))
        return [self.plan.shards(name) for name in names]

    def reported(self, study: str = "") -> dict[str, list[str]]:
        """Return the inputs of the report: of every study, or of one alone."""
        studies = [self._study(study)] if study else list(self.config.studies)
        evaluations = self.evaluations(studies)
        splits = once(s for e in evaluations for s in self.plan.lineage_splits(e))
        return {
            "tables": [self.tables(one) for one in studies],
            "manifests": [
                self.plan.database_manifest(d) for d in self.plan.databases_behind(evaluations)
            ],
            "segments": once(s for one in studies for s in self.cut(one)),
            "splits": [self.plan.split_audit(Path(s).stem) for s in splits],
            "audits": once(map(self.plan.audit, evaluations)),
            "cards": self._model_files(evaluations, CARD),
            "histories": self._model_files(evaluations, HISTORY),
            "ledgers": self._model_files(evaluations, LEDGER),
            "exports": self.plan.exports_of(
                name
                for e in evaluations
                for name, _ in self.config.lineage(self.config.evaluations[e].model)
            ),
        }

    def evaluations(self, studies: Iterable[str]) -> list[str]:
        """Return the evaluations that some of these studies tells of."""
        return once(e for study in studies for e in self.config.studies[study].evaluations)

    def _study(self, name: str) -> str:
        if name not in self.config.studies:
            raise ValueError(f"no study named {name!r}.{plugins.hint(name, self.config.studies)}")
        return name

    def _each(self, study: str) -> Iterator[tuple[str, int]]:
        """Yield each of a study's evaluations with each of its repeats."""
        for evaluation in self.config.studies[study].evaluations:
            yield from ((evaluation, repeat) for repeat in range(self._repeats(evaluation)))

    def _repeats(self, evaluation: str) -> int:
        return self.config.trained(self.config.evaluations[evaluation].model).repeats

    def _model_files(self, evaluations: Iterable[str], file: str) -> list[str]:
        files = []
        for evaluation in evaluations:
            repeats = self._repeats(evaluation)
            for name, run in self.config.lineage(self.config.evaluations[evaluation].model):
                has_ledger = isinstance(run, TransferRun) or file != LEDGER
                if has_ledger and not isinstance(run, BaselineRun):
                    files += [self.plan.file_of(name, repeat, file) for repeat in range(repeats)]
        return once(files)
