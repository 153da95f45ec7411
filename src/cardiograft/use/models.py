"""List the trained networks that can be named, tell of one, or fetch one."""

import argparse
import os
import sys

from cardiograft.shipped import catalogue
from cardiograft.use.fetch import fetch
from cardiograft.use.ship_card import gives, headline, takes

DESCRIPTION = "Trained networks that come along or were fetched: list them, tell of one, fetch one."
PLACE = "CARDIOGRAFT_MODELS_FROM"  # names where networks are fetched from


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("name", nargs="?", help="show the model card of this one")
    parser.add_argument("--fetch", dest="fetch_", metavar="NAME", help="get a model from --from")
    parser.add_argument(
        "--from",
        dest="place",
        default=os.environ.get(PLACE),
        help=f"folder or URL that holds NAME/card.json; else what {PLACE} says",
    )
    parser.add_argument("--sha256", help="what the card fetched must be, to the last byte")


def run(name: str | None, fetch_: str | None, place: str | None, sha256: str | None) -> None:
    """Do what the arguments say.

    Raises
    ------
    FileNotFoundError, ValueError
        There is no such model, or what was fetched is not what its card says.
    """
    if fetch_ is not None:
        if place is None:
            raise ValueError(
                f"--from: name the folder or URL that holds {fetch_!r}, or set {PLACE}"
            )
        network = fetch(fetch_, place, sha256=sha256)
        sys.stdout.write(
            f"{network.folder}: {network.bytes / 1e6:.2f} MB, every file as its card says\n"
        )
        return
    if name is not None:
        sys.stdout.write((catalogue.find(name).folder / "README.md").read_text("utf-8"))
        return
    for line in listed():
        sys.stdout.write(f"{line}\n")


def listed() -> list[str]:
    """Return a few lines a network: its name and size, what it takes and gives, its first score."""
    lines = []
    for name in catalogue.names():
        network = catalogue.find(name)
        card = network.card
        flag = " SIMULATED" if card["simulated"] else ""
        onnx = "" if network.onnx is None else ", with ONNX"
        lines += [
            f"{name}  {network.bytes / 1e6:.2f} MB{onnx}{flag}",
            f"  takes {takes(card)}",
            f"  gives {gives(card)}",
            f"  {headline(card)}",
        ]
    where = f"{catalogue.of_package()} or {catalogue.fetched()}"
    return lines or [f"no model: none in {where}"]
