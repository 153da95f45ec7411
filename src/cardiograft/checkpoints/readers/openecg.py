"""Codecs of the package openecg (Apache-2.0): names of the model ``openecg_codec``.

Files ``models/codec_v<n>.pt`` in the package as it is installed. Trained by their authors to name
each sample's wave, beat and rhythm in leads of 10 s at 500 Hz; their model card in the same folder
says on which recordings (MIT-BIH's DS1, LUDB and QTDB are among them). What names waves sample by
sample is left out.
"""

from pathlib import Path

from cardiograft.checkpoints.file import Checkpoint
from cardiograft.checkpoints.meaning import Meaning
from cardiograft.checkpoints.readers._state import renamed, state

TAKEN = ("conv_tok", "lower_convs", "lower_norms", "upper_transformer")


def read(path: Path) -> Checkpoint:
    """Return the tensors of the encoder.

    Raises
    ------
    FileNotFoundError, ValueError
        There is no such file, or it holds no such codec.
    """
    tensors = state(path, "model_state")
    lacking = [name for name in TAKEN if not any(n.startswith(f"{name}.") for n in tensors)]
    if lacking:
        raise ValueError(f"{path}: no codec of openecg's: it lacks {', '.join(lacking)}")
    about = {"meaning": Meaning(rate_hz=500.0, samples=5000).content()}
    names = {name: f"encoder.{name}" for name in TAKEN}
    return Checkpoint(tensors=renamed(path, tensors, names), about=about)
