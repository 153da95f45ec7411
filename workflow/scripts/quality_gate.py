"""Keep the segments that a network of signal quality lets pass, and count the others."""

from pathlib import Path

from cardiograft import cli
from cardiograft.evaluation.quality_gate import write_gated
from cardiograft.files import atomic_directory
from cardiograft.scratch import scratch_folder
from cardiograft.specs.quality_gate import Gating


def quality_gate(spec: Gating, segments: Path, pieces: Path, model: Path, out: Path) -> None:
    with (
        scratch_folder() as scratch,
        atomic_directory(out) as folder,
    ):
        lines = write_gated(spec, segments, pieces, model, folder, scratch=scratch)
    if lines:
        cli.say(f"{out.name}: {lines}")


if __name__ == "__main__":
    parser = cli.parser(__doc__)
    parser.add_argument(
        "--spec", type=Gating.model_validate_json, required=True, help="entry, as JSON"
    )
    parser.add_argument("--segments", type=Path, required=True, help="folder of shards to gate")
    parser.add_argument(
        "--pieces", type=Path, required=True, help="folder of shards that the network is shown"
    )
    parser.add_argument("--model", type=Path, required=True, help="its folder or checkpoint")
    parser.add_argument("--out", type=Path, required=True, help="folder of shards to write")
    cli.run(quality_gate, parser)
