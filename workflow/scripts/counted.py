"""Write down, from folders of results, values of docs/studies that no study's table has."""

from pathlib import Path

import yaml

from cardiograft import cli
from cardiograft.files import atomic_file
from cardiograft.report import counted


def count(results: Path, sources: Path, out: Path) -> None:
    known = yaml.safe_load(sources.read_text("utf-8"))
    table = counted.values(known, results, Path.cwd(), counted.read(out))
    with atomic_file(out) as partial:
        table.to_csv(partial, index=False)


if __name__ == "__main__":
    parser = cli.parser(__doc__)
    folder = Path("docs/results/counted")
    parser.add_argument(
        "--results", type=Path, default=Path("results"), help="folder of folders of results"
    )
    parser.add_argument(
        "--sources", type=Path, default=folder / "sources.yaml", help="where each value stands"
    )
    parser.add_argument("--out", type=Path, default=folder / "values.csv", help="table to renew")
    cli.run(count, parser)
