"""Measure what one segment costs a trained network, on one thread of the CPU."""

from pathlib import Path

from cardiograft import cli
from cardiograft.checkpoints.file import read_checkpoint
from cardiograft.checkpoints.folder import model_key
from cardiograft.files import write_json
from cardiograft.training.cost import cost as measured


def cost(model: Path, out: Path) -> None:
    stage, entry, repeat = model_key(model)
    named = {"stage": stage, "entry": entry, "repeat": repeat}
    write_json(out, {**named, **measured(read_checkpoint(model), where=str(model))})


if __name__ == "__main__":
    parser = cli.parser(__doc__)
    parser.add_argument(
        "--model",
        type=Path,
        required=True,
        help="checkpoint, <stage>/<entry>/<repeat>/model.safetensors",
    )
    parser.add_argument("--out", type=Path, required=True, help="JSON to write")
    cli.run(cost, parser)
