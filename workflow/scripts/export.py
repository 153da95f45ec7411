"""Write a trained network as one HDF5 file."""

from pathlib import Path

from cardiograft import checkpoints, command, exports


def export(model: Path, out: Path) -> None:
    exports.write(checkpoints.read(model), out)


if __name__ == "__main__":
    parser = command.parser(__doc__)
    parser.add_argument(
        "--model", type=Path, required=True, help="checkpoint to export, model.safetensors"
    )
    parser.add_argument("--out", type=Path, required=True, help="HDF5 file to write")
    command.run(export, parser)
