"""Renew the tables of README and docs/studies from the published CSVs alone."""

from pathlib import Path

from cardiograft import cli
from cardiograft.files import atomic_file
from cardiograft.report import measured, page
from cardiograft.report import readme as documents


def pages(results: Path, pages: Path, readme: Path, first_screen: Path | None) -> None:
    for file, text in documents.renewed(results, pages=pages, readme=readme).items():
        with atomic_file(file) as partial:
            partial.write_text(text, "utf-8")
    if first_screen:
        tables = {file.stem: measured.read(file) for file in sorted(results.glob("*.csv"))}
        with atomic_file(first_screen) as partial:
            partial.write_text(page.first_screen("cardiograft", tables), "utf-8")


if __name__ == "__main__":
    parser = cli.parser(__doc__)
    parser.add_argument(
        "--results", type=Path, default=Path("docs/results"), help="folder of published CSVs"
    )
    parser.add_argument(
        "--pages", type=Path, default=Path("docs/studies"), help="folder of the studies' pages"
    )
    parser.add_argument(
        "--readme", type=Path, default=Path("README.md"), help="document with a row a study"
    )
    parser.add_argument("--first-screen", type=Path, help="HTML page to write: the report's top")
    cli.run(pages, parser)
