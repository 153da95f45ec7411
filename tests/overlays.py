"""Config as overlays make it."""

from pathlib import Path
from typing import Any

import yaml
from snakemake.utils import update_config

from cardiograft.config.checks import load_config
from cardiograft.config.schema import Config

ROOT = Path(__file__).parents[1]


def merged(*overlays: dict[str, Any]) -> dict[str, Any]:
    """Return config.yaml below overlays, as Snakemake does it: YAML's aliases become copies."""
    whole: dict[str, Any] = {}
    for one in (yaml.safe_load((ROOT / "config.yaml").read_text()), *overlays):
        update_config(whole, one)
    return whole


def content(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / f"workflow/config/{name}.yaml").read_text())
    return found


def overlaid(name: str) -> Config:
    return load_config(merged(content(name)))
