"""Write a trained network as a file for devices, with a card of what it takes and what it loses."""

from collections.abc import Sequence
from pathlib import Path

from cardiograft import cli
from cardiograft.export.job import export as written
from cardiograft.scratch import scratch_folder
from cardiograft.specs.export import Export


def export(spec: Export, segments: Sequence[Path], split: Path, model: Path, out: Path) -> None:
    with scratch_folder() as scratch:
        written(spec, segments=segments, split=split, model=model, out=out, scratch=scratch)


if __name__ == "__main__":
    parser = cli.parser(__doc__)
    parser.add_argument(
        "--spec", type=Export.model_validate_json, required=True, help="the entry, as JSON"
    )
    parser.add_argument(
        "--segments", type=Path, nargs="+", required=True, help="folders of shards, pooled"
    )
    parser.add_argument("--split", type=Path, required=True, help="who is in which part")
    parser.add_argument("--model", type=Path, required=True, help="checkpoint, model.safetensors")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    cli.run(export, parser)
