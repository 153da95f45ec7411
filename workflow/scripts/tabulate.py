"""Make one study's tables: scores with intervals, comparisons, inflation gaps, costs."""

import sys
from collections.abc import Sequence
from pathlib import Path

from cardiograft import cli
from cardiograft.files import atomic_directory, file_digest, write_json
from cardiograft.specs.tabulate import Tabulate
from cardiograft.tables.study import study_tables


def tabulate(
    spec: Tabulate,
    predictions: Sequence[Path],
    scores: Sequence[Path],
    cards: Sequence[Path],
    out: Path,
    segments: Sequence[Path] = (),
    histories: Sequence[Path] = (),
    costs: Path | None = None,
) -> None:
    made = study_tables(
        spec,
        predictions=predictions,
        scores=scores,
        cards=cards,
        segments=segments,
        histories=histories,
        costs=costs,
    )
    with atomic_directory(out) as folder:
        for name, frame in made.frames.items():
            frame.to_csv(folder / f"{name}.csv", index=False)
        digests = {f"{name}.csv": file_digest(folder / f"{name}.csv") for name in made.frames}
        write_json(folder / "study.json", {**made.about, "sha256": digests})


def spec_of(given: str) -> Tabulate:
    """Return the spec that an argument is; `-` is one on standard input.

    Linux passes no argument of more than 128 KiB, which the rows of one study can exceed.
    """
    return Tabulate.model_validate_json(sys.stdin.read() if given == "-" else given)


if __name__ == "__main__":
    parser = cli.parser(__doc__)
    parser.add_argument(
        "--spec",
        type=spec_of,
        required=True,
        help="entry, as JSON; '-' reads it from standard input",
    )
    for name, meaning in {
        "predictions": "saved predictions, <evaluation>/<repeat>.parquet",
        "scores": "scores of the same, <evaluation>/<repeat>.parquet",
    }.items():
        parser.add_argument(f"--{name}", type=Path, nargs="+", required=True, help=meaning)
    parser.add_argument(
        "--cards", type=Path, nargs="*", default=(), help="<stage>/<entry>/<repeat>/card.json"
    )
    parser.add_argument(
        "--segments", type=Path, nargs="*", default=(), help="shards of the runs that are shown"
    )
    parser.add_argument(
        "--histories", type=Path, nargs="*", default=(), help="history.parquet beside each card"
    )
    parser.add_argument("--costs", type=Path, help="costs/<study>.json: what each network costs")
    parser.add_argument("--out", type=Path, required=True, help="folder of tables to write")
    cli.run(tabulate, parser)
