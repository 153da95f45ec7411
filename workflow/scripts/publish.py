"""Write a study's measured table, and renew its page and its row of the README."""

import contextlib
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from cardiograft import cli, locks
from cardiograft.files import atomic_file, read_json
from cardiograft.report import measured
from cardiograft.report.inputs import in_order, read_study
from cardiograft.report.readme import renewed

# What values depend on: a change here that is not committed is noted beside the commit.
CODE = ("src", "workflow", "Snakefile", "config.yaml", "envs")


def publish(
    tables: Sequence[Path],
    study: str,
    command: str,
    segments: Sequence[Path],
    pages: Path | None,
    readme: Path | None,
    simulated: bool,
    beside: bool,
    out: Path,
) -> None:
    (own,) = in_order([read_study(folder) for folder in tables], [study])
    summaries = {folder.name: read_json(folder / "summary.json") for folder in segments}
    frame = measured.table(own, summaries, command=command, commit=commit(), simulated=simulated)
    with alone(out.parent):
        if beside and out.exists():
            frame = measured.beside(frame, measured.read(out))
        with atomic_file(out) as partial:
            frame.to_csv(partial, index=False)
        texts = renewed(out.parent, pages=pages, readme=readme) if pages and readme else {}
        for file, text in texts.items():
            with atomic_file(file) as partial:
                partial.write_text(text, "utf-8")


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Wait until no other study is being published: all of them renew the README."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        locks.wait(handle, folder)
        yield
    finally:
        os.close(handle)


def commit() -> str:
    """Name the commit in hand; `unversioned` in a tree that git doesn't know."""
    try:
        head = git("rev-parse", "--verify", "HEAD")
    except (ValueError, OSError):
        return "unversioned"
    return f"{head[:12]}+changes" if git("status", "--porcelain", "--", *CODE) else head[:12]


def git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(f"git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


if __name__ == "__main__":
    parser = cli.parser(__doc__)
    parser.add_argument(
        "--tables", type=Path, nargs="+", required=True, help="folders of studies' tables"
    )
    parser.add_argument("--study", required=True, help="which of them")
    parser.add_argument("--command", required=True, help="what made the tables, as typed")
    parser.add_argument(
        "--segments", type=Path, nargs="*", default=(), help="folders of shards, for counts"
    )
    parser.add_argument("--pages", type=Path, help="folder of the studies' pages, to renew")
    parser.add_argument("--readme", type=Path, help="document with a row a study, to renew")
    parser.add_argument("--simulated", action="store_true", help="publish even what is simulated")
    parser.add_argument(
        "--beside", action="store_true", help="keep what the CSV has of runs that the tables lack"
    )
    parser.add_argument("--out", type=Path, required=True, help="CSV to write")
    cli.run(publish, parser)
