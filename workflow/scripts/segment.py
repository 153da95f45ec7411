"""Cut the accepted records of a manifest into shards of fixed-size segments."""

from collections.abc import Sequence
from pathlib import Path

from cardiograft import cli
from cardiograft.files import read_json
from cardiograft.segments.write import write_segments
from cardiograft.specs.segment import Segment


def segment(spec: Segment, manifest: Path, out: Path, noise: Sequence[Path] = ()) -> None:
    given = read_json(noise[0]) if noise else None
    lines = write_segments(spec, read_json(manifest), out, given)
    if lines:
        cli.say(f"{out.name}: {lines}")


if __name__ == "__main__":
    parser = cli.parser(__doc__)
    parser.add_argument(
        "--spec", type=Segment.model_validate_json, required=True, help="entry of segments, JSON"
    )
    parser.add_argument("--manifest", type=Path, required=True, help="results/manifests/....json")
    parser.add_argument(
        "--noise", type=Path, nargs="*", default=(), help="manifest of the noise that is added"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of shards to write")
    cli.run(segment, parser)
