"""Write a trained network as one HDF5 file."""

from pathlib import Path

from cardiograft import cli
from cardiograft.checkpoints.file import read_checkpoint
from cardiograft.checkpoints.hdf5 import write as written


def hdf5(model: Path, out: Path) -> None:
    written(read_checkpoint(model), out)


if __name__ == "__main__":
    parser = cli.parser(__doc__)
    parser.add_argument(
        "--model", type=Path, required=True, help="checkpoint to export, model.safetensors"
    )
    parser.add_argument("--out", type=Path, required=True, help="HDF5 file to write")
    cli.run(hdf5, parser)
