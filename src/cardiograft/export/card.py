"""What a file's card says: what it takes and gives, what it does itself, what it costs."""

import math
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa

from cardiograft.checkpoints.folder import checkpoint_file
from cardiograft.checkpoints.network import shape_of, view_of
from cardiograft.export import runtime
from cardiograft.export.graphs import LIBRARIES
from cardiograft.export.network import Exported
from cardiograft.export.writing import Written
from cardiograft.specs.export import FORMAT
from cardiograft.training.cost import without_view
from cardiograft.training.latency import WARM_UP
from cardiograft.training.macs import macs


def about(exported: Exported) -> dict[str, Any]:
    """Return what a file takes and gives: the file's own metadata, and the head of its card."""
    meta, task, spec = exported.meta, exported.task, exported.spec
    features = list(exported.memory.get("features", ()))
    given = {
        "takes": exported.takes,
        "name": "picture" if exported.takes == "picture" else "signal",
        "shape": [spec.batch, *_size(exported)],
        "leads": list(meta.channels),
        "units": list(meta.units),
        "rate_hz": float(meta.rate_hz),
        "features": features,
    }
    gives = {
        "name": "score",
        "kind": task.kind,
        "labels": list(task.labels),
        "shape": [spec.batch, math.prod(task.outputs)],
    }
    return {
        "format": FORMAT,
        "input": given,
        "output": gives,
        **_work(exported, features),
        "weights_sha256": exported.checkpoint.digest(),
        "simulated": meta.simulated or bool(exported.checkpoint.about.get("simulated", False)),
    }


def _size(exported: Exported) -> tuple[int, ...]:
    """Return the size of one segment as the file takes it."""
    if exported.takes == "segment":
        return (len(exported.meta.channels), exported.meta.samples)
    shape = shape_of(exported.checkpoint)
    return (
        without_view(exported.network, shape)[1] if exported.takes == "picture" else shape
    ).input


def _work(exported: Exported, features: list[str]) -> dict[str, Any]:
    """Return which steps from a recording to a score are in the file, and which are not."""
    signal, task = exported.meta.spec.get("signal", {}), exported.spec.network.task
    view = view_of(exported.checkpoint)
    facts = {
        "scale": exported.scale if exported.scale != "none" else signal.get("scale", "none"),
        "task": {"name": task.name, **task.options},
        "features": {key: exported.memory[key] for key in ("mean", "sd")} if features else None,
        "view": None if view is None else view.content(),
    }
    whole = exported.takes == "segment"
    inside = {
        "scale": exported.scale != "none",
        "task": whole,
        "features": whole,
        "view": exported.takes != "picture",
    }
    return {
        "in_the_file": {
            s: facts[s] for s, there in inside.items() if there and facts[s] is not None
        },
        "left_to_the_device": {
            "filter": signal.get("filter"),
            "cut": exported.meta.spec.get("cut"),
            **{step: facts[step] for step, there in inside.items() if not there},
        },
    }


def source(exported: Exported, model: Path) -> dict[str, Any]:
    """Return which network was exported."""
    facts = exported.checkpoint.about
    return {
        "stage": facts.get("stage"),
        "entry": exported.spec.source,
        "repeat": exported.spec.repeat,
        "seed": facts.get("seed"),
        "file_bytes": checkpoint_file(model).stat().st_size,
    }


def costs(exported: Exported, written: Written, content: bytes) -> dict[str, Any]:
    """Return sizes, multiplications, and the time of one call with and without the view."""
    network, shape = without_view(exported.network, shape_of(exported.checkpoint))
    behind = runtime.session(written.network.SerializeToString())
    return {
        "file_bytes": len(content),
        "file_zstd_bytes": len(pa.compress(content, codec="zstd", asbytes=True)),
        "parameters": sum(one.numel() for one in network.parameters()),
        "macs": macs(network, shape),
        "latency": runtime.timed(runtime.session(content), written.taken),
        "network_latency": runtime.timed(behind, written.shown),
        "timing": f"onnxruntime, one thread, batch {exported.spec.batch}: median and quartiles of"
        f" the processor's time, in ms, after {WARM_UP} passes",
    }


def libraries() -> dict[str, str]:
    """Return the versions of what wrote and ran the file."""
    return {name: version(name) for name in LIBRARIES}


def processor() -> str:
    """Return the name of the processor, as far as the system tells it."""
    listed = Path("/proc/cpuinfo")
    lines = listed.read_text("utf-8").splitlines() if listed.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
