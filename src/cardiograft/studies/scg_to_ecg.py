"""Transfer from four pretrained and pruned networks into one that makes ECGs of SCGs.

Tags that runs carry, besides ``data`` and ``model`` (the network, or the baseline):

``init``
    ``scratch``, the source of the transfer (``cae``, ``tcn``, ``ecgnet``, ``cnn1d``, of the
    mixture; ``cnn1d of mitdb alone``), or ``none`` of a baseline.
``pruning``
    ``none``, ``magnitude``, ``structured``: of the source. At the paper's 25 % it stands
    alone; ``sparsity`` (``50 %``) is a tag of the sweep.
``inputs``
    ``3 axes`` or ``z axis`` of the accelerometer.
``calibration``
    How much of a test person's own recording the network has seen: ``0 s``, ``30 s``.
``networks``
    ``one a person`` who calibrates, or ``one for all``.
``adaptation``
    ``none``, ``coral``, ``mmd``, ``dann``.
``steps``
    ``usual``; ``a transfer’s``, fewer, where transfers are compared; ``a pretraining’s added``
    of a network from scratch that is trained as long as pretraining and transfer together.
``hospital``
    ``both``, or whose people are trained on and whose are tested: ``CP to UP``; ``the other`` in
    either direction.
``sensor``
    How far windows are turned in training: ``nearly upright``, or ``any way round``.
``delay``
    ``learnt`` with the shape; ``free``, where each window may come when it likes; or taken from
    other networks by a mean that is aligned.
``scaling``
    ``ours``, (x - median) / max|x - median|, or ``paper``, min-max to -1...1.

Source: Kooshesh A, Martens A, Nicolay R. Advancing Signal Processing through Transfer
Learning Innovations in Health industry. Rostock University.
"""

import pandas as pd

from cardiograft.studies import _scg_to_ecg as own_tables
from cardiograft.studies import _scg_to_ecg_use as use
from cardiograft.studies._scg_to_ecg import PRINTED, PRINTED_PARAMETERS
from cardiograft.tables import pruning
from cardiograft.tables.headline import Baseline, Further, GainsAgainst, Headline, HeadlineRun
from cardiograft.tables.own_table import OwnTable
from cardiograft.tables.published import Published
from cardiograft.tables.published_gains import Gains

TITLE = "Making an ECG of a seismocardiogram, with borrowed weights"
CITATION = (
    "Kooshesh A, Martens A, Nicolay R. Advancing Signal Processing through Transfer Learning"
    " Innovations in Health industry: Usage domain adaptation in transfer learning with pruning"
    " weight optimizations technique. Rostock University."
)
SUMMARY = (
    "Four networks first learn to reproduce heart signals of many kinds; their weights, pruned,"
    " then start a network that turns the vibration of the chest (SCG) into the ECG recorded"
    " with it."
)
WRONG = (
    "Windows are split at random, so windows of one person lie on both sides: a network that has"
    " learnt a person’s QRS complex only has to place it.",
    "Nothing shows that the ECG comes from the SCG: an input without the beats’ timing must"
    " score worse, and is not tried.",
    "R² is 0.682 on the training and on the test part alike, to three digits, where every other"
    " value differs.",
    "The gains are percentages of an unnamed metric, without a spread, a repeat or a test.",
    "The parameters “after pruning” are three quarters of all parameters, biases and norms"
    " included: the plan, not a count of a file. Zeros in a dense file save neither bytes nor"
    " time.",
    "Transfers are compared with a network that had no pretraining at all, at whatever learning"
    " rate the two share.",
)
ASSUMED = (
    "Layers of all five networks: the paper gives counts of parameters alone, which ours meet"
    " within 1 % at paper scale.",
    "125 Hz for all signals: 2.5 times the upper edge of the ECG’s band, 40 Hz, is 100 Hz.",
    "Windows of 10 s, of the 5 to 10 s that the paper allows.",
    "The gains are those of the test part’s Pearson coefficient, (r − r₀) / r₀, r₀ of the same"
    " network from scratch; other metrics stand beside it, a smaller error as a gain.",
    "The target is lead II where the recordings have it.",
    "The honest protocol scales a window by (x − median) / max|x − median|. Scaling its minimum"
    " and maximum to −1 and 1, as the paper does, pins the isoelectric line at a level of the"
    " person’s own; it is an option.",
    "At matched compute, the network from scratch is trained as long as pretraining, pruning and"
    " transfer together; the paper’s is not, as far as it says.",
    "Xcor looks at lags within ±0.5 s.",
    "Sources are pretrained by denoising reconstruction: the input with noise of a tenth of its"
    " scale added, the input without it as the target. The paper does not say what they learn.",
    "Bands are each database’s own: SCG 0.5 to 30 Hz, ECG 1 to 40 Hz, PCG 20 to 60 Hz. At 125 Hz"
    " a PCG’s energy above 62.5 Hz is gone, and resampling lets what is above 50 Hz fade: of heart"
    " sounds, which reach beyond 100 Hz, only the lowest part is learnt.",
    "What is called the paper’s recipe is its scaling, its split and its one axis. The paper names"
    " no loss, optimiser, rate, batch or number of epochs: ours are the mean square error, and Adam"
    " at a constant rate of 0.001 by batches of 16 (32 at its size).",
    "Recordings of scg_vhd are of patients with valvular disease, where the paper has 20 healthy"
    " volunteers: they are older, and less alike.",
)
USUAL = {
    "pruning": "none",
    "inputs": "3 axes",
    "calibration": "0 s",
    "adaptation": "none",
    "scaling": "ours",
    "steps": "usual",
    "hospital": "both",
    "sensor": "nearly upright",
    "delay": "learnt",
    "networks": "one a person",
}
WORDS = {
    "init": {"scratch": "from scratch", "else": "from {} weights"},
    "pruning": {
        "none": "no pruning",
        "magnitude": "pruned by magnitude",
        "structured": "pruned by channels",
    },
    "inputs": {"z axis": "1 axis"},
    "calibration": {"else": "{} of calibration"},
    "adaptation": {
        "none": "no adaptation",
        "coral": "adapted by CORAL",
        "mmd": "adapted by MMD",
        "dann": "adapted by DANN",
    },
    "sparsity": {"else": "{} sparse"},
    "scaling": {"ours": "our scaling", "paper": "the paper’s scaling"},
    "steps": {
        "usual": "usual steps",
        "a transfer’s": "trained as long as a transfer",
        "a pretraining’s added": "trained as long as pretraining and transfer",
    },
    "hospital": {
        "both": "both hospitals",
        "the other": "trained in one hospital, tested in the other",
        "the healthy": "trained on patients, tested on healthy people",
        "else": "hospital {}",
    },
    "sensor": {"nearly upright": "sensor nearly upright", "else": "sensor {}"},
    "delay": {
        "learnt": "delay learnt",
        "free": "delay left free",
        "of the first three": "shapes laid at the delay of the first three",
    },
    "networks": {"one a person": "a network a person", "one for all": "one network for all people"},
    "labels": {"unlabelled": "no labels of the other hospital", "labelled": "with its labels"},
}
HEADLINE = ("pearson", "prd", "r2", "peak_sensitivity", "peak_positive_predictivity")
CAPTIONS = {
    "hallucination": "What a network makes of the SCG as recorded, of its pieces shuffled, of"
    " another person’s, and of noise with its spectrum",
    "baselines": "Baselines, and the network with the highest test r (chosen by it: flattered)",
    "verdicts": "What the predicted ECGs of unseen subjects must not be used for, by their own"
    " figures (limits are ours; the heart rate’s is a monitor’s, ANSI/AAMI EC13)",
    "use": "What a reader could do with a predicted ECG: limits of agreement, and beats that are"
    " not like the others",
    "parts": "On the training part and on the test part: the paper’s values, then ours (of folds,"
    " each person by the first that trained on them)",
    "parameters": "Parameters before and after pruning: the paper’s, and ours as files hold them",
}
SECTIONS = {
    "Controls and baselines": ("hallucination", "baselines"),
    "Is it of use?": ("verdicts", "use"),
}

# What the paper tells. Of optimiser, loss, rate, batches and epochs it tells nothing, and of widths
# only how many parameters they make: ours that make as many stand in size `paper`.
PAPER = {
    "recipe": {
        "transfer.segments.signal.scale": ("scaled", "to −1…1", "minmax_symmetric"),
        "transfer.task.gain": ("random gain", "none", 0.0),
        "transfer.task.stretch": ("random pace", "none", 0.0),
    },
    "size": {
        "prune.sparsity.end": ("steps of pruning", "1,000", 1000),
        "model.cnn1d.widths": (
            "widths of cnn1d",
            "13,927,041 parameters",
            (128, 256, 320, 576, 576, 320, 256, 128),
        ),
        "model.ecgnet.widths": ("widths of ecgnet", "16,805,761 parameters", (128, 256, 320, 576)),
        "model.tcn.widths": ("widths of tcn", "16,002,049 parameters", (128, 256, 320, 576, 264)),
        "model.cae.widths": ("widths of cae", "19,403,520 parameters", (128, 256, 320, 576, 600)),
    },
    "data": {"transfer.split.scheme": ("split by", "segment", "segment")},
    "recordings": {"transfer.databases": ("databases", "cebsdb", ("cebsdb",))},
}
OPEN = ("data", "inputs", "scaling")
PUBLISHED = tuple(
    Published(
        tags={"model": "cae", "init": "scratch"},
        metric=metric,
        value=value,
        source="Table 1",
        open=OPEN,
    )
    for metric, value in PRINTED["test"].items()
)
PRINTED_GAINS = {"cae": 0.143, "tcn": 0.133, "ecgnet": 0.10, "cnn1d": 0.09}
GAINS = Gains(
    tag="init",
    bases={
        "equal steps": {"init": "scratch", "pruning": "none"},
        "matched compute": {
            "init": "scratch",
            "pruning": "none",
            "steps": "a pretraining’s added",
        },
    },
    values=tuple(
        Published(
            tags={"model": "cae", "init": source, "pruning": "magnitude"},
            metric="pearson",
            value=gain,
            source="Conclusion",
            any_recipe=True,
        )
        for source, gain in PRINTED_GAINS.items()
    ),
)
# The paper's own recipe where it was run in full, else its network and input, else ours.
FIRST_SCREEN = Headline(
    metric="pearson",
    published=PRINTED["test"]["pearson"],
    source="Table 1",
    runs=(
        HeadlineRun(
            name="Autoencoder, from scratch, scaled as in the paper",
            paper="scg-cae-paper-random",
            honest="scg-cae-paper",
        ),
        HeadlineRun(
            name="Autoencoder, from scratch, one axis", paper="scg-cae-z-random", honest="scg-cae-z"
        ),
        HeadlineRun(
            name="U-Net, from scratch, three axes",
            paper="scg-unet-xyz-random",
            honest="scg-unet-xyz",
            published_of="autoencoder",
        ),
    ),
    baseline=Baseline(
        name="the mean ECG beat placed at beats detected in the SCG", run="scg-beat-detected"
    ),
    further=(Further(name="the mean of six U-Nets aligned in time", run="scg-unet-aligned"),),
    effect=GainsAgainst(
        idea="pretraining and pruning",
        metric="pearson",
        bases={
            "matched compute": "a network trained as long from scratch",
            "equal steps": "the same network from scratch",
        },
    ),
)


def tables(scores: pd.DataFrame, costs: pd.DataFrame) -> dict[str, OwnTable]:
    """Return controls, baselines, both parts' values, and parameters as the paper gives them."""
    every = [r for r in scores.to_dict("records") if not r["class"]]
    test = [r for r in every if r["part"] == "test"]
    own = {
        "hallucination": own_tables.hallucination(
            [r for r in every if r["part"] in own_tables.INPUTS]
        ),
        "baselines": own_tables.baselines(test),
        "verdicts": use.verdicts(test),
        "use": use.measured(every),
        "parts": own_tables.parts([r for r in every if r["part"] in own_tables.PARTS]),
        "parameters": pruning.parameter_table(costs, PRINTED_PARAMETERS),
    }
    return {name: table for name, table in own.items() if len(table)}
