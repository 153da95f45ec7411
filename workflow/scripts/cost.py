"""Measure what one segment costs each trained network, on one thread of the CPU."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cardiograft import cli
from cardiograft.checkpoints.file import read_checkpoint
from cardiograft.checkpoints.folder import model_key
from cardiograft.files import write_json
from cardiograft.training.cost import cost as measured


def cost(models: Sequence[Path], out: Path) -> None:
    networks: list[dict[str, Any]] = []
    for model in models:
        stage, entry, repeat = model_key(model)
        one = measured(read_checkpoint(model), where=str(model))
        networks.append({"stage": stage, "entry": entry, "repeat": repeat, **one})
    write_json(out, {"networks": networks})


if __name__ == "__main__":
    parser = cli.parser(__doc__)
    parser.add_argument(
        "--models",
        type=Path,
        nargs="+",
        required=True,
        help="checkpoints, <stage>/<entry>/<repeat>/model.safetensors",
    )
    parser.add_argument("--out", type=Path, required=True, help="JSON to write")
    cli.run(cost, parser)
