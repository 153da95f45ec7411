"""Transformation recognition as a pretext task for beat classification.

Source: Cartwright X, Fumoto R, McIntosh L. Using transfer learning from a self-supervised
model for ECG classification. University of Surrey, COM3025.
"""

import itertools
from collections.abc import Mapping
from typing import Any

import pandas as pd

from cardiograft.tables.headline import Baseline, Contrast, Headline, HeadlineRun, OfAClass
from cardiograft.tables.own_table import MISSING, REMARK, OwnTable
from cardiograft.tables.published import Published

TITLE = "Learning to name a transformation before learning to name a beat"
CITATION = (
    "Cartwright X, Fumoto R, McIntosh L. Using Transfer Learning from a Self-Supervised model"
    " for ECG Classification. University of Surrey, COM3025."
)
SUMMARY = (
    "A network first learns which of eight transformations a heart beat went through; its"
    " weights then start a classifier of beats."
)
WRONG = (
    "Beats are split 9:1 one by one, so beats of one person lie on both sides of the split.",
    "The network learns its pretext on all beats, those of the test part among them.",
    "Accuracy is the only metric, and 83 % of the beats are normal: always predicting N scores"
    " 82.8 %.",
    "PTB’s 14,552 beats come from 290 people, dozens of beats from one person.",
    "The CNN’s 92.28 % is what its log shows after epoch 16 of 20, of the part that it is tested"
    " on: as far as the logs tell, the epoch was picked by the test part.",
    "The logged progress bars show 100,000 training beats an epoch where 9:1 leaves 98,501:"
    " the training set was resampled, and the text does not mention it.",
)
ASSUMED = (
    "Widths of the layers, where the paper gives none, and the MLP’s dropout: 0.2 after each.",
    "By the paper’s recipe the last of 20 epochs is kept: which one is, the paper does not say.",
    "Outputs of a classifier are softmax probabilities, as categorical cross-entropy needs them"
    " (the paper’s text has a sigmoid), and the ensemble’s mean is of these.",
    "Noise of standard deviation 0.05 of the range, and five pieces for the permutation.",
    "Samples are not rescaled after a transformation, or the change of amplitude would be undone.",
    "Records 102 and 104 have no lead MLII and use V5.",
    "A beat of more than 187 samples is cut there; one that crosses the end of its 10-s window"
    " runs on into the next at its own window’s scale; the last beat of a record is left out.",
    "PTB’s two classes are two outputs: their cross-entropy is the paper’s binary one.",
    "rr_boosting, rhythm_forest, and networks that are shown R–R intervals or the recording’s"
    " median beat, compare a beat with all of its own recording: they see no label of it, but"
    " can’t predict before it has ended.",
    "In the honest protocol, classes and records are left out as ANSI/AAMI EC57 asks (Q, and"
    " the paced 102, 104, 107, 217), and 201 goes because 202 is the same person.",
)
USUAL = {
    "tuning": "full",
    "balance": "none",
    "share": "100 %",
    "inputs": "beat",
    "recipe": "ours",
}
WORDS = {
    "init": {
        "scratch": "from scratch",
        "pretext": "pretext weights",
        "pruned": "pruned pretext weights",
        "shuffled": "pretext weights of beats without shape",
        "pretext task": "on the pretext task",
        "pretext task, shuffled": "on the pretext task (beats without shape)",
        "pretext task, blind": "on the pretext task (padding hidden)",
    },
    "data": {"mitdb": "MIT-BIH", "ptbdb": "PTB"},
    "tuning": {"full": "all layers tuned", "frozen": "frozen encoder", "else": "{} tuning"},
    "balance": {
        "none": "classes as they are",
        "resampled": "resampled classes",
        "weighted": "weighted classes",
    },
    "share": {"else": "{} of the training beats"},
    "recipe": {"ours": "our recipe", "paper": "the paper’s recipe"},
    "inputs": {
        "beat": "one beat",
        "window": "a window around the beat",
        "rr": "beat and R–R intervals",
        "all": "window, R–R intervals and median beat",
    },
}
# What the paper tells of its trainings, by kind: an option, its name and the paper's value in
# words, and the values that are it. Which epoch is kept belongs to the protocol. What the paper
# leaves open (widths, the MLP's rate of dropout) is not here.
PAPER = {
    "recipe": {
        "training.optimiser": ("optimiser", "Adam", "adam"),
        "training.learning_rate": ("learning rate", "0.001", 0.001),
        "training.schedule": ("schedule", "constant", "constant"),
        "training.batch_size": ("segments a step", "64", 64),
        "training.weight_decay": ("weight decay", "none", 0.0),
        "training.clip_norm": ("norm of the gradient at most", "any", None),
        "training.ema": ("averaged weights", "none", None),
        "training.class_weights": ("class weights", "none", "none"),
        "training.per_class": ("beats a class", "all, or 20000", None, 20000),
        "model.cnn.dropout": ("dropout of the CNN", "none", 0.0),
        "model.lstm.dropout": ("dropout of the LSTM", "none", 0.0),
        "model.lstm.read": ("LSTM read at its step", "last", "last"),
        "model.mean_ensemble.mean_of": ("mean of", "probabilities", "probabilities"),
        "task.features": ("shown beside the beat", "nothing", ()),
        "task.gain": ("random gain", "none", 0.0),
        "frozen": ("frozen", "none", ()),
        "rate_factors": ("rates of their own", "none", {}),
        "pretrain.task.show_padding": ("padding seen", "yes", True),
        "pretrain.task.shuffle_phase": ("phases shuffled", "no", False),
    },
    "data": {
        "pretrain.split.test": ("test share", "0.2", 0.2),
        "transfer.split.test": ("test share", "0.1", 0.1),
        "split.scheme": ("split by", "segment", "segment"),
        "split.fraction": ("share of the training people", "all", 1.0),
        "split.drop_labels": ("classes left out", "none", ()),
        "segments.cut.name": ("cut", "kachuee", "kachuee"),
    },
    "size": {
        "pretrain.training.epochs": ("epochs", "5", 5),
        "transfer.training.epochs": ("epochs", "20", 20),
        "training.precision": ("mixed precision", "none", "no"),
        "database.records": ("records", "all", None),
    },
}
MODELS = {"mlp": "MLP", "cnn": "CNN", "lstm": "LSTM", "mean_ensemble": "Ensemble"}
DATA = {"mitdb": "MIT-BIH", "ptbdb": "PTB"}
INITS = {"scratch": "Table 1", "pretext": "Table 2"}
CAPTIONS = {
    "table_1": "Table 1 of the paper: test accuracy from scratch",
    "table_2": "Table 2 of the paper: test accuracy with pretext weights",
}

# Test accuracy in per cent: (MIT-BIH, PTB).
PRINTED = {
    ("mlp", "scratch"): (90.38, 91.68),
    ("cnn", "scratch"): (92.28, 97.46),
    ("lstm", "scratch"): (87.25, 83.85),
    ("mlp", "pretext"): (87.18, 89.14),
    ("cnn", "pretext"): (92.69, 98.01),
    ("lstm", "pretext"): (92.16, 97.04),
    ("mean_ensemble", "pretext"): (93.01, 98.49),
}
PUBLISHED = tuple(
    Published(
        tags={"data": data, "model": model, "init": init},
        metric="accuracy",
        value=round(percent / 100, 6),
        source=INITS[init],
        open=("balance",),  # as written, or each class resampled as in the logs
        unasked=("recipe",),  # PAPER tells, option by option
    )
    for (model, init), values in PRINTED.items()
    for data, percent in zip(DATA, values, strict=True)
)
FIRST_SCREEN = Headline(
    metric="accuracy",
    published=round(PRINTED["cnn", "scratch"][0] / 100, 6),
    source=INITS["scratch"],
    runs=(
        HeadlineRun(
            name="CNN, from scratch, by the paper’s recipe",
            paper="mitdb-cnn-scratch-recipe-paper",
            honest="mitdb-cnn-scratch-recipe-strict",
        ),
        HeadlineRun(
            name="CNN, from scratch",
            paper="mitdb-cnn-scratch-paper",
            honest="mitdb-cnn-scratch-strict",
        ),
    ),
    baseline=Baseline(
        name="always predicting the most frequent class", run="mitdb-majority-strict"
    ),
    effect=(
        Contrast(
            idea="pretext weights, by the paper’s recipe,",
            metric="macro_f1",
            run="mitdb-cnn-pretext-recipe-strict",
            without="mitdb-cnn-scratch-recipe-strict",
        ),
        Contrast(
            idea="pretext weights",
            metric="macro_f1",
            run="mitdb-cnn-pretext-strict",
            without="mitdb-cnn-scratch-strict",
        ),
    ),
    hidden=OfAClass(
        name="S",
        of="DS2’s S beats",
        run="mitdb-cnn-all",
        words="the CNN that is shown windows of two leads, R–R intervals and the median beat",
        metric="jkappa",
        metrics={"sensitivity": "a sensitivity", "f1": "an F1"},
    ),
)


FORMATS = {
    "Model": "text",
    "Data": "text",
    "Paper": "percent:2",
    "Ours, paper protocol": "percent:2",
    "Ours, honest protocol": "percent:2",
}


def tables(scores: pd.DataFrame, costs: pd.DataFrame) -> dict[str, OwnTable]:
    """Return the paper's Tables 1 and 2 with ours beside them, under both protocols."""
    return {f"table_{number}": _table(scores, init) for number, init in enumerate(INITS, start=1)}


def _table(scores: pd.DataFrame, init: str) -> OwnTable:
    """Return a row a published value; more where several runs of a protocol stand beside it."""
    rows = []
    for published in (value for value in PUBLISHED if value.tags["init"] == init):
        row: dict[str, Any] = {
            "Model": MODELS[published.tags["model"]],
            "Data": DATA[published.tags["data"]],
            "Paper": published.value,
        }
        ours = published.fits(scores, USUAL).to_dict("records")
        by_protocol = [
            [_cells(r) for r in ours if r["protocol"] == protocol]
            for protocol in ("paper", "honest")
        ]
        for cells in itertools.zip_longest(*by_protocol, fillvalue={}):
            rows.append({**row, **{k: v for some in cells for k, v in some.items()}})
        if not any(by_protocol):
            rows.append(row)
    ours = [column for column in FORMATS if column.startswith("Ours")]
    beside = [f"{column} {what}" for column in ours for what in (REMARK, MISSING)]
    return OwnTable(pd.DataFrame(rows).reindex(columns=[*FORMATS, *beside]), FORMATS)


def _cells(row: Mapping[Any, Any]) -> dict[str, Any]:
    remarks = [
        row["split"],
        row.get("tag_scale"),
        f"other {row['differs']} than the paper’s" if row.get("differs") else "",
        "simulated" if row["simulated"] else "",
    ]
    column = f"Ours, {row['protocol']} protocol"
    return {
        column: row["value"],
        f"{column} {REMARK}": ", ".join(r for r in remarks if r),
        f"{column} {MISSING}": row["missing_classes"],
    }
