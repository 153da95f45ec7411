"""Check how evaluations say that their models came to be chosen, as far as config can tell."""

from cardiograft.config.entries import BaselineRun, Evaluation
from cardiograft.config.schema import Config
from cardiograft.config.yaml_files import read_file
from cardiograft.fingerprint import ROOT

# What a config has at least one of in which options were compared: runs, or studies of them.
RUNS = ("splits", "pretrain", "prune", "transfer", "baselines", "evaluations", "studies")


def check_choices(config: Config) -> None:
    """Check every evaluation's choice.

    Raises
    ------
    ValueError
        One line: the key, its value, and what contradicts it.
    """
    first = {e.chosen_in: name for name, e in reversed(config.evaluations.items()) if e.chosen_in}
    for file, name in first.items():
        _check_file(f"evaluations.{name}.chosen_in", file)
    for name, evaluation in config.evaluations.items():
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


def _check_file(where: str, file: str) -> None:
    """Refuse a file in which nothing can have been chosen.

    Raises
    ------
    ValueError
        It is not there, no config file, or one without a run.
    """
    if not (ROOT / file).is_file():
        raise ValueError(f"{where}: {file!r}: no such file of the repository")
    try:
        content = read_file(ROOT / file)
    except ValueError as error:
        raise ValueError(f"{where}: {file!r} is no config file: {error}") from None
    if not any(content.get(section) for section in RUNS):
        raise ValueError(
            f"{where}: {file!r} is no config of a run: it has none of {', '.join(RUNS)}"
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
