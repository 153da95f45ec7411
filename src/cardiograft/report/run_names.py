"""Names of runs as a reader says them: ``CNN, from scratch``; ``U-Net, 3 axes``.

They are made of the tags that config gives a run. A tag whose value is the study's usual one
goes without saying; what other values are called is the study's: its ``WORDS``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cardiograft.report.cells import Cell, mark, once
from cardiograft.report.inputs import ReportRow, Study

MODELS = {
    "cae": "autoencoder",
    "cnn": "CNN",
    "cnn1d": "1-D CNN",
    "crnn": "CRNN",
    "cosine_transform": "cosine transform",
    "ecgnet": "ECGNet",
    "googlenet": "GoogLeNet",
    "light_cnn": "light CNN",
    "lstm": "LSTM",
    "majority": "most frequent class",
    "mean_beat": "mean beat",
    "mean_ensemble": "ensemble",
    "mean_signal": "mean signal",
    "mlp": "MLP",
    "principal_components": "principal components",
    "quality_indices": "indices of signal quality",
    "rhythm_boosting": "gradient boosting on rhythm",
    "rhythm_cae": "rhythm autoencoder",
    "rhythm_forest": "random forest on rhythm",
    "rr_boosting": "gradient boosting on R–R intervals",
    "tcn": "TCN",
    "unet": "U-Net",
}
DOSES = {"base alone": "base alone", "else": "dose {}"}
# Value of a tag to its words; those of `else` have the value in place of {}.
Words = Mapping[str, Mapping[str, str]]
WORDS: Words = {
    "model": MODELS,
    "init": {"scratch": "from scratch"},
    "dose": DOSES,
    "per": {"record": "per record"},
}
UNSAID = "none"
WORD = re.compile(r"\w+")
FIRST = ("model", "init")  # tags that a name begins with


def tag_words(tag: str, value: str, words: Words) -> str:
    """Return what a tag's value is called: the study's words, else those of all studies."""
    known = {**WORDS.get(tag, {}), **words.get(tag, {})}
    rest = MODELS.get(value, value)
    if tag == "model":  # of several: ``unet, mean of 6``, ``crnn and boosting``
        rest = WORD.sub(lambda word: MODELS.get(word[0], word[0]), value)
    return known.get(value, known.get("else", "{}").format(rest))


def run_title(
    tags: Mapping[str, str], *, usual: Mapping[str, str] | None = None, words: Words | None = None
) -> str:
    """Return a run's name as a reader says it; nothing where all its tags go without saying.

    Parameters
    ----------
    tags
        Of the run, by name: ``{"model": "cnn", "init": "scratch"}``.
    usual
        Tag to the value that goes without saying.
    words
        Tag to the words for its values: a study's ``WORDS``.
    """
    return _title(run_words(tags, usual=usual or {}, words=words or {}))


def run_words(tags: Mapping[str, str], *, usual: Mapping[str, str], words: Words) -> list[str]:
    """Return the parts of a run's name, the model first; alike ones once."""
    order = [*(tag for tag in FIRST if tag in tags), *(tag for tag in tags if tag not in FIRST)]
    spoken = [tag for tag in order if tags[tag] not in ("", UNSAID, usual.get(tag))]
    return [part for part in once(tag_words(tag, tags[tag], words) for tag in spoken) if part]


def _title(parts: list[str]) -> str:
    title = ", ".join(parts)
    return title[:1].upper() + title[1:]


@dataclass(frozen=True)
class RunNames:
    """Names of a study's runs, made of the tags in which they differ.

    Attributes
    ----------
    tags
        Those, in the order in which a name has them.
    usual, words
        As `run_title` takes them.
    by_run
        Name of a run in config to its name for readers.
    """

    tags: tuple[str, ...]
    usual: Mapping[str, str] = field(default_factory=dict)
    words: Words = field(default_factory=dict)
    by_run: dict[str, str] = field(default_factory=dict)

    def of(self, row: ReportRow) -> str:
        """Return a run's name from a row that has its tags."""
        return _title(self.parts(row)) or str(row.get("run") or "all runs")

    def parts(self, row: ReportRow) -> list[str]:
        """Return the parts of a run's name from a row that has its tags."""
        own = {tag: str(row[f"tag_{tag}"]) for tag in self.tags if row.get(f"tag_{tag}")}
        return run_words(own, usual=self.usual, words=self.words)

    def of_tags(self, tags: Mapping[str, str]) -> str:
        """Return the name of a run of which only some tags are known: a paper's."""
        return _title(run_words(tags, usual={}, words=self.words))

    def value(self, tag: str, value: str) -> str:
        """Return what a tag's value is called."""
        return tag_words(tag, value, self.words) or value

    def cell(self, row: ReportRow, *, small: str = "") -> Cell:
        """Return the cell that heads a run's row: its name, its entry's below, and a mark."""
        entry = str(row.get("run") or "")
        below = " · ".join(part for part in (entry, small) if part)
        return Cell(self.by_run.get(entry) or self.of(row), small=below, mark=mark(row))


def run_names(study: Study) -> RunNames:
    """Return names made of the tags that differ among a study's runs, the model first."""
    scores: Any = study.frame("scores")
    # what is counted is said wherever it is not each segment, even where all runs are alike
    tags = [t for t in study.about["tags"] if t == "per" or scores[f"tag_{t}"].nunique() > 1]
    order = (*(tag for tag in FIRST if tag in tags), *(tag for tag in tags if tag not in FIRST))
    names = RunNames(order, study.about["usual"], study.about["words"])
    for row in study.rows("scores"):
        names.by_run.setdefault(row["run"], names.of(row))
    return names
