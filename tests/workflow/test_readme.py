"""What the README shows of config is config."""

import re

import yaml
from overlays import ROOT, merged

from cardiograft.config.checks import load_config

SNIPPET = re.compile(r"```yaml\n(.*?)```", re.DOTALL)


def test_what_an_entry_can_ask():
    """The last example of the README, laid over the demo's config."""
    *_, shown = SNIPPET.findall((ROOT / "README.md").read_text("utf-8"))
    study = {"evaluations": ["scg-*", "known-*"]}
    found = load_config(merged(yaml.safe_load(shown), {"tables": {"scg_to_ecg": study}}))
    assert found.runs("scg_to_ecg")["known"] == ("known-0", "known-1")
    assert found.splits["known-0"].protocol == "personal"
    assert found.transfer["adapted"].adaptation.domain == "scg-xyz-domain"
    assert found.exports == ("narrowed",)
    narrow, wide = found.prune["narrowed"].result, found.prune["narrowed"].model
    assert sum(narrow.options["widths"]) < sum(wide.options["widths"])
