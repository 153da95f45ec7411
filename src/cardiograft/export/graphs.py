"""What is in a file for a device: crop, scale and view in front, the network and its scores behind.

The two are written one after the other and joined, so that the second can be quantised by itself:
pictures of integers would be another view.

Legend: B batch, C channels, T samples of a segment, F scalar features, K scores.
"""

import contextlib
import importlib.util
import json
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from cardiograft.export.fourier import real_transform, short_transforms
from cardiograft.files import KEY
from cardiograft.models.views._picture import PictureLayer
from cardiograft.segments.shard_format import Meta
from cardiograft.specs.export import Takes
from cardiograft.training.task import Task, TensorRows
from cardiograft.training.tasks._signal import TINY, scaled

OPSET = 18  # the first that can resize pictures with antialiasing
# Of what a cut scales by the segment's own samples, which a file can do as well.
OWN_SCALE = ("windows",)
LIBRARIES = ("onnx", "onnxruntime", "onnxscript")


def check_libraries() -> None:
    """Look for the libraries that write and run ONNX.

    Raises
    ------
    ValueError
        One is not installed.
    """
    missing = [name for name in LIBRARIES if importlib.util.find_spec(name) is None]
    if missing:
        raise ValueError(
            f"export needs {', '.join(missing)}, not installed here:"
            " pip install 'cardiograft[export]'"
        )


class Shown(nn.Module):
    """A segment, or a signal, to what the network is shown, and features to standardised ones.

    Parameters
    ----------
    example
        The other columns of a segment, which a task asks for and does not use here.
    scale
        Of the shards, where it is the segment's own.
    """

    def __init__(
        self,
        *,
        task: Task,
        view: nn.Module | None,
        takes: Takes,
        example: TensorRows,
        scale: str,
        memory: Mapping[str, Any],
    ) -> None:
        super().__init__()
        self.view, self._task, self._takes, self._scale = view, task, takes, scale
        self._example = {name: one[:1] for name, one in example.items()}
        count = len(memory.get("features", ()))
        self.register_buffer("mean", torch.tensor(memory.get("mean", [0.0] * count)).float())
        self.register_buffer("sd", torch.tensor(memory.get("sd", [1.0] * count)).float())

    def forward(self, signal_BCT: Tensor, feature_BF: Tensor) -> tuple[Tensor, Tensor]:
        """Return the signal or picture, and the features."""
        if self._takes == "segment":
            known_BF = (feature_BF - self.get_buffer("mean")) / self.get_buffer("sd")
            feature_BF = torch.where(known_BF.isnan(), 0.0, known_BF)
            signal_BCT = self._prepared(signal_BCT, feature_BF)
        if isinstance(self.view, PictureLayer):
            # Its `forward` does the same, a few segments at a time.
            return self.view._pictures(signal_BCT), feature_BF
        return signal_BCT if self.view is None else self.view(signal_BCT), feature_BF

    def _prepared(self, signal_BCT: Tensor, feature_BF: Tensor) -> Tensor:
        batch = len(signal_BCT)
        rows = {name: one.expand(batch, *one.shape[1:]) for name, one in self._example.items()}
        rows |= {"signal": rescaled(signal_BCT, self._scale), "feature": feature_BF}
        version_B = torch.zeros(batch, dtype=torch.int64)
        shown: Tensor = self._task.batch(rows, version_B, torch.Generator()).signal_BCT
        return shown


class Scored(nn.Module):
    """What the network is shown, to scores."""

    def __init__(self, network: nn.Module, task: Task) -> None:
        super().__init__()
        self.encoder = network.get_submodule("encoder")
        self.head = network.get_submodule("head")
        self._scores = task.scores

    def forward(self, shown: Tensor, feature_BF: Tensor) -> Tensor:
        """Return probabilities or values (B, K), or a signal, channel after channel, (B, K)."""
        return self._scores(self.head(self.encoder(shown, feature_BF))).flatten(1)


def rescaled(signal_BCT: Tensor, kind: str) -> Tensor:
    """Scale each channel as `cardiograft.signals.scaling` does; a flat one comes out as zeros."""
    if kind in ("minmax", "minmax_symmetric"):
        low_BC1, high_BC1 = signal_BCT.amin(-1, keepdim=True), signal_BCT.amax(-1, keepdim=True)
        share_BCT = (signal_BCT - low_BC1) / (high_BC1 - low_BC1).clamp(min=TINY)
        return share_BCT if kind == "minmax" else 2 * share_BCT - 1
    return scaled(signal_BCT, kind)  # type: ignore[arg-type]


def own_scale(meta: Meta) -> str:
    """Return the scale that shards hold, where it hangs on nothing but the segment; or ``none``."""
    cut = meta.spec.get("cut", {}).get("name")
    scale: str = meta.spec.get("signal", {}).get("scale", "none")
    return scale if cut in OWN_SCALE else "none"


@dataclass(frozen=True, kw_only=True)
class Graph:
    """A part of a file: a module, the names of what goes in and comes out, an example of it.

    Attributes
    ----------
    inputs
        Name to example: as many segments as a file takes at once.
    """

    module: nn.Module
    inputs: Mapping[str, Tensor]
    outputs: Sequence[str]

    def model(self) -> Any:
        """Return it as an ``onnx.ModelProto``, every axis of a fixed length."""
        with quiet():
            program = torch.onnx.export(
                self.module.eval(),
                tuple(self.inputs.values()),
                dynamo=True,
                opset_version=OPSET,
                input_names=list(self.inputs),
                output_names=list(self.outputs),
                custom_translation_table={
                    torch.ops.aten._fft_r2c.default: real_transform,
                    torch.ops.aten.stft.default: short_transforms,
                },
                external_data=False,
                verbose=False,
            )
        if program is None:
            raise ValueError("torch's exporter returned nothing")
        return _bare(program.model_proto)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Leave out what the exporter says of its own parts; what is wrong is raised."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _bare(model: Any) -> Any:
    """Return a graph without notes on which line of code each operation came from."""
    for node in model.graph.node:
        node.ClearField("metadata_props")
        node.ClearField("doc_string")
    for value in (*model.graph.value_info, *model.graph.input, *model.graph.output):
        value.ClearField("metadata_props")
        value.ClearField("doc_string")
    for one in (*model.graph.initializer, model.graph, model):
        one.ClearField("metadata_props")
        one.ClearField("doc_string")
    return model


def joined(front: Any | None, back: Any, links: Sequence[tuple[str, str]]) -> Any:
    """Return one graph of two, the outputs of the first going into the second."""
    import onnx

    if front is None:
        return back
    front.ir_version = back.ir_version = max(front.ir_version, back.ir_version)
    # What both call alike is told apart; what goes in and comes out keeps its name.
    front = onnx.compose.add_prefix(front, "front/", rename_inputs=False, rename_outputs=False)
    return onnx.compose.merge_models(front, back, io_map=list(links))


def described(model: Any, facts: Mapping[str, Any]) -> Any:
    """Put into a file what it is, as JSON under one key of its metadata."""
    import onnx

    onnx.helper.set_model_props(model, {KEY: json.dumps(facts, sort_keys=True)})
    model.producer_name, model.producer_version = KEY, ""
    onnx.checker.check_model(model)
    return model


def float32(values: Tensor) -> Any:
    """Return an array as a file takes it."""
    return np.ascontiguousarray(values.detach().cpu().numpy())
