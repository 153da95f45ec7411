"""Read weights that others have published, once, into a checkpoint that transfers start from."""

from pathlib import Path

from cardiograft import cli, plugins
from cardiograft.checkpoints.file import Checkpoint, write_checkpoint
from cardiograft.files import file_digest
from cardiograft.specs.outside import Outside


def outside(spec: Outside, file: Path, out: Path) -> None:
    digest = file_digest(file)
    if digest != spec.sha256:
        raise ValueError(f"{file}: its SHA-256 is {digest}, the entry says {spec.sha256}")
    reader = plugins.load("readers", spec.reader.name)
    read: Checkpoint = reader.read(file, **spec.reader.options)
    facts = {"stage": "outside", "file": spec.name, "file_sha256": digest}
    about = {**read.about, **facts, "reader": spec.reader.model_dump(mode="json")}
    whole = Checkpoint(tensors=read.tensors, masks=read.masks, about=about)
    write_checkpoint(whole, out)


if __name__ == "__main__":
    parser = cli.parser(__doc__)
    parser.add_argument(
        "--spec", type=Outside.model_validate_json, required=True, help="the source, as JSON"
    )
    parser.add_argument("--file", type=Path, required=True, help="the weights, as published")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint to write")
    cli.run(outside, parser)
