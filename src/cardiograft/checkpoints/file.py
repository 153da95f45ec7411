"""Checkpoints as safetensors: weights, masks of pruned tensors, and where they come from.

Nothing is ever unpickled, so that opening a checkpoint executes nothing. The metadata is
one key of JSON: with several, their order in the file would differ from run to run.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from cardiograft.files import DAMAGED, KEY, SEAL, atomic_file, digest_of, unsealed

MASK = "mask."
OWN = "own."
SUBJECTS = "subjects"  # of `about`: whose the own tensors are, in order


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A network's tensors.

    Attributes
    ----------
    tensors
        By name, as ``state_dict()`` gives them; pruned ones hold zeros where masked.
    masks
        bool, True where a weight is alive, by the name of the tensor that they mask.
    about
        JSON: stage, spec, model, shape, the task's ``memory`` (labels, means), code, parents,
        versions, data digest, and by name the metadata of the ``segments`` that it was trained on,
        which say how a recording becomes its input. The model is the spec's own, or what structured
        pruning left of it.
    own
        By subject, the tensors of a network that was trained for that subject alone; `tensors` are
        then those that all of them began with.
    """

    tensors: dict[str, Tensor]
    masks: dict[str, Tensor] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)
    own: dict[str, dict[str, Tensor]] = field(default_factory=dict)

    def everything(self) -> dict[str, Tensor]:
        """Return tensors, masks and subjects' own tensors by their names in the file."""
        masks = {MASK + name: mask for name, mask in self.masks.items()}
        own = {
            f"{OWN}{place}.{name}": tensor
            for place, subject in enumerate(sorted(self.own))
            for name, tensor in self.own[subject].items()
        }
        return {**self.tensors, **masks, **own}

    def of(self, subject: str | None) -> "Checkpoint":
        """Return the one network that a subject is predicted with; of nobody, the first weights."""
        tensors = self.own.get(subject, self.tensors) if subject is not None else self.tensors
        return replace(self, tensors=tensors, own={})

    @property
    def model(self) -> dict[str, Any]:
        """The plug-in that builds a network for these tensors: its ``name`` and ``options``."""
        model: dict[str, Any] = self.about.get("model") or self.about["spec"]["model"]
        return model

    def digest(self) -> str:
        """Return the SHA-256 that cards call the weights' hash."""
        return weights_digest(self.everything())


def contiguous(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return copies on the CPU in the usual layout."""
    return {
        name: tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, tensor in tensors.items()
    }


def write_checkpoint(checkpoint: Checkpoint, path: Path) -> None:
    """Write safetensors, atomically: equal contents give equal bytes."""
    write_tensors(checkpoint.everything(), checkpoint.about, path)


def write_tensors(tensors: Mapping[str, Tensor], about: Mapping[str, Any], path: Path) -> None:
    """Write any tensors with JSON beside them, atomically."""
    sealed = {**about, SEAL: _content_digest(tensors, about)}
    content = save(contiguous(tensors), metadata={KEY: json.dumps(sealed, sort_keys=True)})
    with atomic_file(path) as partial:
        partial.write_bytes(content)  # safetensors' own writer would hide it from one's group


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what `write_tensors` wrote.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        The file is not safetensors (a pickle, say), not of this project, or not as it was written.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such checkpoint")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in sorted(file.keys())}
    except SafetensorError as error:
        raise ValueError(f"{path}: not a safetensors file ({error})") from None
    if KEY not in metadata:
        raise ValueError(f"{path}: safetensors without the metadata key {KEY!r}")
    try:
        sealed: dict[str, Any] = json.loads(metadata[KEY])
    except ValueError:
        raise ValueError(f"{path}: {DAMAGED}") from None
    return tensors, unsealed(sealed, path, lambda about: _content_digest(tensors, about))


def _content_digest(tensors: Mapping[str, Tensor], about: Mapping[str, Any]) -> str:
    return digest_of([weights_digest(tensors), about])


def read_checkpoint(path: Path) -> Checkpoint:
    """Read what `write_checkpoint` wrote.

    Raises
    ------
    FileNotFoundError, ValueError
        As `read_tensors`.
    """
    tensors, about = read_tensors(path)
    masks = {k.removeprefix(MASK): t.bool() for k, t in tensors.items() if k.startswith(MASK)}
    weights = {k: t for k, t in tensors.items() if not k.startswith((MASK, OWN))}
    own: dict[str, dict[str, Tensor]] = {subject: {} for subject in about.get(SUBJECTS, ())}
    subjects = sorted(own)
    for name in (k for k in tensors if k.startswith(OWN)):
        place, inner = name.removeprefix(OWN).split(".", 1)
        own[subjects[int(place)]][inner] = tensors[name]
    return Checkpoint(tensors=weights, masks=masks, about=about, own=own)


def weights_digest(tensors: Mapping[str, Tensor]) -> str:
    """Return a SHA-256 over names, types, shapes and values, whatever the order."""
    total = hashlib.sha256()
    for name, tensor in sorted(contiguous(tensors).items()):
        total.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        total.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return total.hexdigest()


def load_checkpoint(model: nn.Module, checkpoint: Checkpoint, *, where: str) -> None:
    """Put all of a checkpoint's tensors into a network of the same structure.

    Raises
    ------
    ValueError
        A tensor is missing, left over or of another shape; or there is a network for each of
        several subjects.
    """
    require_one(checkpoint, where=where)
    own = model.state_dict()
    for name in sorted(own.keys() | checkpoint.tensors.keys()):
        ours, theirs = own.get(name), checkpoint.tensors.get(name)
        if ours is None or theirs is None or ours.shape != theirs.shape:
            shapes = [None if t is None else tuple(t.shape) for t in (theirs, ours)]
            raise ValueError(f"{where}: {name} has shape {shapes[0]}, the network {shapes[1]}")
    model.load_state_dict(checkpoint.tensors)


def require_one(checkpoint: Checkpoint, *, where: str) -> None:
    """Refuse a checkpoint that holds a network for each of several subjects.

    Raises
    ------
    ValueError
        It does.
    """
    if checkpoint.own:
        raise ValueError(
            f"{where}: holds a network for each of {len(checkpoint.own)} subjects (per_subject),"
            " not one for all"
        )
