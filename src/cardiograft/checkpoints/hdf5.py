"""Networks as one HDF5 file each, for programs that read ``.h5`` and for Python without training.

``/weights/<name>``: each tensor by its name in the checkpoint, a group for each part of it
(``encoder.stem.weight`` is ``/weights/encoder/stem/weight``); pruned ones hold zeros.
``/masks/<name>``: of pruned tensors, uint8, 1 where a weight is alive. Attributes of the file:

==================  =====================================================================
``format``          `FORMAT`
``model``           name of the model plug-in
``options``         its options, JSON
``shape``           what it takes and gives, JSON: a `records.Shape`
``simulated``       bool: trained on simulated recordings
``weights_sha256``  hash of names, types, shapes and values, as in ``card.json``
``about``           all that the checkpoint holds beside tensors, JSON: ``spec``, ``memory`` of the
                    task, ``versions``, ``parents``, ``seed``, ``data`` ...
``content_sha256``  hash of the attributes above
==================  =====================================================================

Equal networks give equal bytes: nothing is dated, and names are in order.
"""

import io
import json
from pathlib import Path

import h5py
import numpy as np
import torch
from torch import Tensor, nn

from cardiograft.checkpoints.file import Checkpoint, contiguous, load_checkpoint, require_one
from cardiograft.checkpoints.network import rebuilt
from cardiograft.files import SEAL, atomic_file, digest_of, unsealed

FORMAT = "cardiograft weights 1"
# What h5py and json let through of a file in which bytes have changed.
UNREADABLE = (OSError, KeyError, RuntimeError, TypeError, json.JSONDecodeError, UnicodeDecodeError)
LOCKING = "best-effort"  # some clusters' file systems have no locks


def write(checkpoint: Checkpoint, path: Path) -> None:
    """Write a network, atomically.

    Raises
    ------
    ValueError
        The checkpoint does not name its network, or holds one for each of several subjects.
    """
    about = checkpoint.about
    if not {"spec", "shape"} <= about.keys():
        raise ValueError(f"{path}: made of what is not a checkpoint of this project's training")
    require_one(checkpoint, where=str(path))
    # In memory first: HDF5 has its own words for a full disk, and may end the process.
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        _put(file, "weights", checkpoint.tensors)
        _put(file, "masks", {name: m.to(torch.uint8) for name, m in checkpoint.masks.items()})
        facts = {
            "format": FORMAT,
            "model": checkpoint.model["name"],
            "options": json.dumps(checkpoint.model["options"], sort_keys=True),
            "shape": json.dumps(about["shape"], sort_keys=True),
            "simulated": bool(about.get("simulated", False)),
            "weights_sha256": checkpoint.digest(),
            "about": json.dumps(about, sort_keys=True),
        }
        for name, value in {**facts, SEAL: digest_of(facts)}.items():
            file.attrs[name] = value
    with atomic_file(path) as partial:
        partial.write_bytes(buffer.getvalue())


def _put(file: h5py.File, group: str, tensors: dict[str, Tensor]) -> None:
    for name, tensor in sorted(contiguous(tensors).items()):
        place = f"{group}/{name.replace('.', '/')}"
        file.create_dataset(place, data=tensor.numpy(), track_times=False)


def read(path: Path) -> Checkpoint:
    """Read what `write` wrote.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        The file is not HDF5, not of this format, or not as it was written.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such export")
    try:
        with h5py.File(path, locking=LOCKING) as file:
            written = file.attrs.get("format")
            if written != FORMAT:
                raise ValueError(f"{path}: its format is {written!r}, not {FORMAT!r}")
            facts = {k: v.item() if isinstance(v, np.generic) else v for k, v in file.attrs.items()}
            weights, masks = _take(file, "weights"), _take(file, "masks")
            facts = unsealed(facts, path, digest_of)
            about, digest = json.loads(facts["about"]), facts["weights_sha256"]
    except UNREADABLE as error:
        why = " ".join(str(error).split())
        raise ValueError(f"{path}: not a whole HDF5 file ({why})") from None
    masks = {name: mask.bool() for name, mask in masks.items()}
    checkpoint = Checkpoint(tensors=weights, masks=masks, about=about)
    if checkpoint.digest() != digest:
        raise ValueError(f"{path}: its tensors are not those that weights_sha256 was made of")
    return checkpoint


def _take(file: h5py.File, group: str) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {}

    def take(name: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset):
            tensors[name.replace("/", ".")] = torch.from_numpy(np.asarray(item[()]))

    if group in file:
        file[group].visititems(take)
    return tensors


def load(path: Path | str) -> nn.Module:
    """Return a network as it was trained, ready to predict.

    Returns
    -------
    nn.Module
        On the CPU, in evaluation mode. It takes ``signal_BCT`` and ``feature_BF``, float32,
        shapes (B, channels, samples) and (B, features).

    Raises
    ------
    FileNotFoundError, ValueError
        As `read`; or the model's file has changed since and takes other tensors.
    """
    checkpoint = read(Path(path))
    network = rebuilt(checkpoint)
    load_checkpoint(network, checkpoint, where=str(path))
    return network.eval()
