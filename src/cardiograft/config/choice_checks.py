"""Check how evaluations say that their models came to be chosen, as far as config can tell."""

from cardiograft.config.entries import BaselineRun, Evaluation
from cardiograft.config.schema import Config
from cardiograft.fingerprint import ROOT


def check_choices(config: Config) -> None:
    """Check every evaluation's choice.

    Raises
    ------
    ValueError
        One line: the key, its value, and what contradicts it.
    """
    for name, evaluation in config.evaluations.items():
        file = evaluation.chosen_in
        if file is not None and not (ROOT / file).is_file():
            raise ValueError(
                f"evaluations.{name}.chosen_in: {file!r}: no such file of the repository"
            )
        _check_rates(config, name, evaluation)
    for name in config.studies:
        for run, evaluations in config.runs(name).items():
            chosen = config.evaluations[evaluations[0]].chosen_on
            if len(evaluations) > 1 and chosen == "cross-validation":
                raise ValueError(
                    f"evaluations.{evaluations[0]}.chosen_on: 'cross-validation': {run!r} pools"
                    f" {len(evaluations)} folds, each trained on people whom another tests: options"
                    " compared over them were chosen on the people who are tested: 'test'"
                )


def _check_rates(config: Config, name: str, evaluation: Evaluation) -> None:
    """Refuse what the training itself contradicts: a rate that validation picks was chosen."""
    run = config.trained(evaluation.model)
    rates = () if isinstance(run, BaselineRun) else run.training.learning_rates
    if rates and evaluation.chosen_on in ("untuned", "published"):
        raise ValueError(
            f"evaluations.{name}.chosen_on: {evaluation.chosen_on!r}: but {evaluation.model!r}"
            f" tries learning_rates {list(rates)} on its validation part: say 'validation'"
        )
