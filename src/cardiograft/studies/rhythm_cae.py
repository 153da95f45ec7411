"""An autoencoder of unlabelled ECGs starts a classifier of rhythms, with fewer and fewer labels.

Tags that runs carry, besides ``data`` and ``model`` (the network, or the baseline):

``init``
    ``random``; ``cae``, the encoder of the autoencoder; ``shuffled``, that of one which learned
    from noise with the ECGs' spectra; ``image``, weights of a classifier of pictures; ``codec``,
    weights from outside the project; ``none`` of a baseline; ``reconstruction`` of the
    autoencoders themselves.
``tuning``
    ``full``, or ``frozen``: the encoder stays as it began.
``readout``
    What the classifier reads: the ``code`` of 60 numbers, or the last block's steps, ``pooled``.
``share``
    Of the training part: ``100 %``, ``50 %``, ``25 %``, ``10 %``, ``5 %``.
``recipe``
    ``paper`` (a learning rate of 0.005 for all, the best epoch on the test part, a bootstrap a
    repeat) or ``ours``.
``codes``
    Of a reconstruction: how many numbers a segment becomes.

Source: Jang JH, Kim TY, Yoon D. Effectiveness of transfer learning for deep learning-based
electrocardiogram analysis. Healthc Inform Res 2021;27(1):19-28, doi:10.4258/hir.2021.27.1.19.
"""

import pandas as pd

from cardiograft.tables import welch
from cardiograft.tables.headline import Baseline, Contrast, Further, Headline, HeadlineRun
from cardiograft.tables.own_table import OwnTable
from cardiograft.tables.published import Published

TITLE = "Learning to redraw an ECG before learning to name its rhythm"
CITATION = (
    "Jang JH, Kim TY, Yoon D. Effectiveness of Transfer Learning for Deep Learning-Based"
    " Electrocardiogram Analysis. Healthc Inform Res 2021;27(1):19–28."
)
SUMMARY = (
    "A convolutional autoencoder first learns to redraw unlabelled ECGs from 60 numbers; its"
    " encoder then starts a classifier of rhythms, which is trained on fewer and fewer labelled"
    " recordings."
)
WRONG = (
    "The best of 150 epochs is the best on the test part, the autoencoder’s early stopping reads"
    " its test part, and the learning-curve index is computed on it.",
    "A weighted F1 hides rhythms with 7, 8 and 16 recordings.",
    "“3.33 %” divides a squared error by a range: 0.305 a sample of signals of variance 1 is an R²"
    " of about 0.69.",
    "No other code of 60 numbers (principal components, cosines) stands beside the autoencoder’s.",
    "The image network is frozen where the autoencoder’s encoder is trained on: two things differ.",
    "All initialisations share one learning rate. That a random start falls from 0.831 to 0.543"
    " where half of the labels go looks like a rate that does not suit it.",
    "Welch’s t compares ten bootstraps of one training part on one test part, as if they were ten"
    " samples of people.",
    "Table 2 gives sample standard deviations, Table 3 population ones; the abstract counts 12"
    " rhythms, the text 11.",
)
ASSUMED = (
    "The widths of the layers: `width` F, and multiples of it as the structure that the authors"
    " made public has them, with LeakyReLU and upsampling where the paper says ReLU and transposed"
    " layers.",
    "Baseline wander is removed by a zero-phase Butterworth high-pass of order 3 at 0.5 Hz; each"
    " segment is scaled to mean 0 and standard deviation 1.",
    "In training, 2,048 samples are cut at a random place of a segment; in validation and tests"
    " from its middle.",
    "A bootstrap draws recordings of the training part with replacement, and the share is taken of"
    " what it drew.",
    "In the learning-curve index, an epoch without change counts neither as a rise nor as a fall,"
    " and a curve that never fell has an infinite one.",
    "The unlabelled intensive-care recordings of the paper are private: other databases stand in"
    " for them, as the list of data sets says.",
    "Where challenge-2017 stands in for the labelled set, its rhythms are three (normal, atrial"
    " fibrillation, other), and its recordings of 9 to 61 s are cut into segments that carry the"
    " recording’s label; a recording’s probabilities are the mean of its segments’.",
)
USUAL = {"tuning": "full", "recipe": "ours", "readout": "code", "rates": "usual"}
WORDS = {
    "init": {
        "random": "random weights",
        "cae": "autoencoder weights",
        "shuffled": "weights of an autoencoder of noise",
        "image": "weights of a picture network",
        "codec": "weights of a published codec",
        "reconstruction": "redrawing its input",
        "measuring": "measuring its input",
        "measurements": "weights that learned to measure",
        "none": "",
    },
    "tuning": {"full": "all layers tuned", "frozen": "frozen encoder", "else": "{} tuning"},
    "readout": {"code": "code of 60 numbers", "pooled": "pooled steps", "else": "{}"},
    "share": {"else": "{} of the training part"},
    "recipe": {"ours": "our recipe", "paper": "the paper’s recipe"},
    "rates": {"usual": "usual rates", "higher": "higher rates"},
    "data": {
        "challenge_2017": "Challenge 2017",
        "ecg_arrhythmia": "Chapman–Shaoxing",
        "challenge_2021": "Challenge 2021",
    },
}
HEADLINE = ("weighted_f1", "macro_f1", "f1", "r2", "value_r2", "mse")
CAPTIONS = {"welch": welch.CAPTION}
SECTIONS = {"The paper’s own test": ("welch",)}
LEARNING_CURVE = "weighted_f1"
# What the paper tells of its trainings, by kind: an option, its name and the paper's value in
# words, and the values that are it.
PAPER = {
    "recipe": {
        "training.optimiser": ("optimiser", "Adam", "adam"),
        "transfer.training.learning_rate": ("learning rate", "0.005", 0.005),
        "training.schedule": ("schedule", "constant", "constant"),
        "training.weight_decay": ("weight decay", "none", 0.0),
        "training.class_weights": ("class weights", "none", "none"),
        "training.per_class": ("segments a class", "all", None),
        "transfer.training.keep": ("epoch kept", "the best on the test part", "best_test"),
    },
    "data": {
        "database.records": ("records", "all", None),
        "split.test": ("test share", "0.2", 0.2),
    },
    "recordings": {
        "transfer.database.dataset": ("labelled", "Chapman–Shaoxing", "chapman_ecg"),
    },
    "size": {
        "transfer.training.epochs": ("epochs", "150", 150),
    },
}

# Weighted F1 over ten bootstraps: random weights, a frozen picture network, the autoencoder's.
PRINTED = {
    "100 %": (0.843, 0.811, 0.857),
    "50 %": (0.831, 0.796, 0.843),
    "25 %": (0.543, 0.782, 0.835),
}
INITS = (
    {"init": "random", "tuning": "full", "model": "rhythm_cae"},
    {"init": "image", "tuning": "frozen", "model": "googlenet"},
    {"init": "cae", "tuning": "full", "model": "rhythm_cae"},
)
# Learning curve index of the weighted F1, mean of ten bootstraps: random weights, autoencoder's.
PRINTED_INDEX = {
    "100 %": (1.370, 1.440),
    "50 %": (1.211, 1.678),
    "25 %": (0.557, 1.184),
}
LEARNING_INDEX = tuple(
    Published(
        tags={"share": share, **init},
        metric=LEARNING_CURVE,
        value=value,
        source="Table 3",
        open=("data", "recipe"),
    )
    for share, values in PRINTED_INDEX.items()
    for init, value in zip((INITS[0], INITS[2]), values, strict=True)
)
RECONSTRUCTION = {"init": "reconstruction", "model": "rhythm_cae"}
PUBLISHED = (
    *(
        Published(
            tags={"share": share, **init},
            metric="weighted_f1",
            value=value,
            source="Table 2",
            open=("data", "recipe"),
        )
        for share, values in PRINTED.items()
        for init, value in zip(INITS, values, strict=True)
    ),
    Published(
        tags=RECONSTRUCTION,
        metric="squared_error_sum",
        value=626.583,
        source="p. 24",
        open=("data",),
    ),
    Published(tags=RECONSTRUCTION, metric="mse", value=0.305, source="p. 24", open=("data",)),
)
BOOSTING = "gradient boosting on R–R intervals and beats"
OF_HALF_MINUTES = Baseline(name=f"{BOOSTING} of 30-s windows", run="rhythm-boosting-whole-100")
CLASSIFIER = "the paper’s classifier on 10-s windows"
A_QUARTER = "a quarter of the training recordings"
FIRST_SCREEN = Headline(
    metric="weighted_f1",
    published=PRINTED["100 %"][2],
    source="Table 2",
    runs=(
        HeadlineRun(
            name="CRNN on 30-s windows, pretrained to predict measurements",
            paper="rhythm-crnn-measured-paper-100",
            honest="rhythm-crnn-measured-100",
            published_of="classifier from autoencoder weights",
            baseline=OF_HALF_MINUTES,
        ),
        HeadlineRun(
            name="CRNN on 30-s windows, from random weights",
            paper="rhythm-crnn-paper-100",
            honest="rhythm-crnn-100",
            published_of="classifier from autoencoder weights",
            baseline=OF_HALF_MINUTES,
        ),
        HeadlineRun(
            name="Classifier from autoencoder weights, pooled steps",
            paper="rhythm-cae-pooled-paper-100",
            honest="rhythm-cae-pooled-100",
        ),
        HeadlineRun(
            name="Classifier from autoencoder weights",
            paper="rhythm-cae-paper-100",
            honest="rhythm-cae-100",
        ),
        HeadlineRun(
            name="Classifier from random weights, pooled steps",
            paper="rhythm-random-pooled-paper-100",
            honest="rhythm-random-pooled-100",
            published_of="classifier from autoencoder weights",
        ),
    ),
    baseline=Baseline(name=f"{BOOSTING} of 10-s windows", run="rhythm-boosting-100"),
    further=(
        Further(name="boosting on 10-s windows", run="rhythm-boosting-100"),
        Further(
            name="the paper’s classifier from autoencoder weights on 10-s windows",
            run="rhythm-cae-100",
        ),
        Further(name="the CRNN on 30-s windows from random weights", run="rhythm-crnn-100"),
        Further(
            name="the mean of boosting on 30-s windows and the CRNN pretrained to predict"
            " measurements",
            run="rhythm-measured-together-100",
        ),
    ),
    effect=(
        Contrast(
            idea="autoencoder weights",
            metric="macro_f1",
            run="rhythm-cae-25",
            without="rhythm-random-25",
            network=CLASSIFIER,
            of=A_QUARTER,
        ),
        Contrast(
            idea="autoencoder weights",
            metric="macro_f1",
            run="rhythm-cae-pooled-25",
            without="rhythm-random-pooled-25",
            network=f"{CLASSIFIER}, pooled steps,",
            of=A_QUARTER,
        ),
    ),
)


def tables(scores: pd.DataFrame, costs: pd.DataFrame) -> dict[str, OwnTable]:
    """Return the paper's test between initialisations, over repeats."""
    own = {"welch": welch.over_repeats(scores, metric="weighted_f1", tag="init", to="random")}
    return {name: table for name, table in own.items() if len(table)}
