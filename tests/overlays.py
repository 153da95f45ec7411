"""Config as overlays make it."""

from pathlib import Path
from typing import Any

import yaml
from snakemake.utils import update_config

from cardiograft.config.checks import load_config
from cardiograft.config.files import study_files
from cardiograft.config.schema import Config

ROOT = Path(__file__).parents[1]


def merged(*overlays: dict[str, Any]) -> dict[str, Any]:
    """Return config.yaml, its studies, and overlays on top, as the Snakefile lays them."""
    top = read(ROOT / "config.yaml")
    for one in overlays:
        update_config(top, one)
    whole: dict[str, Any] = {}
    for file in (ROOT / "config.yaml", *study_files(top, ROOT)):
        update_config(whole, read(file))
    for one in overlays:
        update_config(whole, one)
    return whole


def read(file: Path) -> dict[str, Any]:
    overlay: dict[str, Any] = yaml.safe_load(file.read_text())
    return overlay


def content(name: str) -> dict[str, Any]:
    """Return an overlay: ``open``, ``choices/ds1``."""
    return read(ROOT / f"workflow/config/{name}.yaml")


def overlaid(name: str) -> Config:
    return load_config(merged(content(name)))
