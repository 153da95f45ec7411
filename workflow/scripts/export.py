"""Write a trained network as one HDF5 file."""

from pathlib import Path

from cardiograft import cli
from cardiograft.checkpoints import hdf5
from cardiograft.checkpoints.file import read_checkpoint


def export(model: Path, out: Path) -> None:
    hdf5.write(read_checkpoint(model), out)


if __name__ == "__main__":
    parser = cli.parser(__doc__)
    parser.add_argument(
        "--model", type=Path, required=True, help="checkpoint to export, model.safetensors"
    )
    parser.add_argument("--out", type=Path, required=True, help="HDF5 file to write")
    cli.run(export, parser)
