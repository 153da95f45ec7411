"""A small network on pictures of 5-s ECGs says whether they can be used.

Tags that runs carry, besides ``data`` (what was trained on: ``graded``, ``mixtures``, or both) and
``model`` (the network, or the baseline):

``init``
    ``scratch``, random weights; ``images``, those of a classifier of pictures; ``fractals``, of a
    classifier of generated fractals, in their place; ``none`` of a baseline.
``rhythm``
    Of the recordings that are tested: ``all``, or ``normal``, ``fibrillation``, ``other``, which
    are of high quality.
``tested``
    The database that is tested: ``challenge_2017``, or ``butqdb``.

Source: Huerta A, Martinez-Rodrigo A, Rieta JJ, Alcaraz R. Relevance of pre-training in the
development of a light convolutional neural network for ECG quality assessment. Computing in
Cardiology.
"""

import pandas as pd

from cardiograft.tables.headline import Baseline, Further, Headline, HeadlineRun
from cardiograft.tables.own_table import OwnTable
from cardiograft.tables.published import Published

TITLE = "Telling usable from unusable ECGs by their pictures"
CITATION = (
    "Huerta Á, Martinez-Rodrigo A, Rieta JJ, Alcaraz R. Relevance of Pre-Training in the"
    " Development of a Light Convolutional Neural Network for ECG Quality Assessment. Computing in"
    " Cardiology."
)
SUMMARY = (
    "A network of three convolutions sees the scalogram of a 5-s ECG as a coloured picture, and"
    " says whether the ECG can be used. It is trained on some databases and tested on another,"
    " from random weights and from those of a classifier of pictures."
)
WRONG = (
    "2.4 % of the test segments are of low quality: a balanced accuracy of 0.86 is a precision of"
    " about 0.1 for “low”, which is not given.",
    "The threshold of 0.5 is that of balanced classes, on a test set in which one class is rare.",
    "A recording’s label stands for 30 to 60 s, and is given to each of its 5-s pieces.",
    "The three balanced accuracies, 0.855, 0.860 and 0.864, lie within one standard error by"
    " recording: their order is not shown.",
    "Ten repeats on one test set are not ten samples of people.",
    "The class of high quality holds atrial fibrillation, and nothing says whether a network takes"
    " it for noise.",
    "No simpler model stands beside the networks.",
)
# A sentence alone, or with a tag and its value, of which the tables must have a run.
ASSUMED = (
    "The training set is private. Here it is single leads of challenge-2011, each judged beside its"
    " recording’s grade, and mitdb with noise of nstdb and faults of a recorder, stretch by"
    " stretch: how much noise makes a stretch low, and which ratios are left out, is config’s;"
    " baseline wander alone leaves it high.",
    "Each recording of mitdb is given noise of a piece of nstdb’s recordings that no other has.",
    "The wavelet is an analytic Morse wavelet, its magnitude scaled to each segment’s own, coloured"
    " as “jet”; the paper does not give its numbers.",
    "The first pooling has stride 2, without which the sizes of the paper’s Table 1 do not come"
    " out.",
    "The optimiser and its rate are not given: ours stand on each run’s card.",
    (
        *("init", "fractals"),
        "Pictures to learn from first are generated: classes of fractals stand in for ImageNet’s.",
    ),
    "A fifth of the people of the training databases choose the epoch and the threshold.",
    "The paper names no version of challenge-2017’s labels.",
)
USUAL = {"rhythm": "all", "tested": "challenge_2017", "per": "segment"}
WORDS = {
    "init": {
        "scratch": "random weights",
        "images": "weights of a picture classifier",
        "fractals": "weights of a classifier of fractals",
        "none": "",
    },
    "data": {
        "graded": "trained on Challenge 2011",
        "mixtures": "trained on mixtures with noise",
        "graded and mixtures": "trained on both",
    },
    "rhythm": {"all": "", "else": "tested on rhythm {}"},
    "tested": {"challenge_2017": "", "butqdb": "tested on BUT-QDB"},
}
HEADLINE = ("balanced_accuracy", "sensitivity", "average_precision")
CAPTIONS: dict[str, str] = {}
# What the paper tells of its trainings, by kind: an option, its name and the paper's value in
# words, and the values that are it.
PAPER = {
    "recordings": {
        "transfer.databases": ("databases", "a private vest’s and challenge-2017’s"),
    },
    "size": {
        "transfer.training.per_class": ("segments a class, an epoch", "all, 10000", None, 10000),
        "transfer.training.epochs": ("epochs", "10", 10),
        "transfer.training.batch_size": ("batch", "32", 32),
        "database.records": ("records", "all", None),
    },
}

# Sensitivity, specificity, accuracy and balanced accuracy.
PRINTED = {
    ("light_cnn", "scratch"): (0.776, 0.934, 0.780, 0.855),
    ("light_cnn", "images"): (0.836, 0.884, 0.836, 0.860),
    ("googlenet", "images"): (0.887, 0.841, 0.886, 0.864),
}
MEASURED = (
    ("sensitivity", "high"),
    ("sensitivity", "low"),
    ("accuracy", ""),
    ("balanced_accuracy", ""),
)
PUBLISHED = tuple(
    Published(
        tags={"model": model, "init": init},
        metric=metric,
        name=name,
        value=value,
        source="Table 2",
        open=("data",),
    )
    for (model, init), values in PRINTED.items()
    for (metric, name), value in zip(MEASURED, values, strict=True)
)
FIRST_SCREEN = Headline(
    metric="balanced_accuracy",
    published=PRINTED["light_cnn", "scratch"][3],
    source="Table 2",
    runs=(
        HeadlineRun(
            name="Light CNN, from scratch", paper="quality-scratch", honest="quality-scratch"
        ),
    ),
    baseline=Baseline(name="logistic regression on indices of quality", run="quality-indices-both"),
    further=(
        Further(name="the Light CNN pretrained on fractals", run="quality-fractals"),
        Further(
            name="the mean of the Light CNN from scratch and the indices", run="quality-together"
        ),
    ),
)


def tables(scores: pd.DataFrame, costs: pd.DataFrame) -> dict[str, OwnTable]:
    """Return no table of its own."""
    return {}
