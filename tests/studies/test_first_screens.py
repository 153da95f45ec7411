"""What stands for a study on the first screen is told apart from all else that could be meant."""

from collections import defaultdict
from collections.abc import Iterator

import pytest
from overlays import overlaid

from cardiograft import plugins
from cardiograft.tables.headline import Contrast, Headline

STANDING = [
    n for n in plugins.names("studies") if hasattr(plugins.load("studies", n), "FIRST_SCREEN")
]
WHOLE, SHARES = "100 %", {"25 %": "a quarter"}


def named(facts: Headline) -> Iterator[tuple[str, str]]:
    """Yield each name of a run on unseen subjects, and the run."""
    for run in facts.runs:
        yield run.name, run.honest
        if run.baseline:
            yield run.baseline.name, run.baseline.run
    yield facts.baseline.name, facts.baseline.run
    for further in facts.further:
        yield further.name, further.run
    for one in contrasts(facts):
        yield f"{one.idea} {one.network} {one.of}", one.run


def contrasts(facts: Headline) -> tuple[Contrast, ...]:
    return facts.effect if isinstance(facts.effect, tuple) else ()


@pytest.mark.parametrize("study", STANDING)
def test_a_name_stands_for_one_run(study: str) -> None:
    runs_by_name: defaultdict[str, set[str]] = defaultdict(set)
    for name, run in named(plugins.load("studies", study).FIRST_SCREEN):
        runs_by_name[name.lower().removeprefix("the ")].add(run)
    assert {name: runs for name, runs in runs_by_name.items() if len(runs) > 1} == {}


@pytest.mark.parametrize("study", STANDING)
def test_a_name_says_which_part_was_trained_on_and_what_is_read(study: str) -> None:
    module = plugins.load("studies", study)
    rows = overlaid("open").spec("tabulate", study).rows
    unsaid = []
    for name, run in named(module.FIRST_SCREEN):
        tags = rows[run].tags
        readout, share = tags.get("readout"), tags.get("share", WHOLE)
        wanted = [] if share == WHOLE else [SHARES.get(share, share)]
        if readout and readout != module.USUAL["readout"]:
            wanted.append(module.WORDS["readout"][readout])
        unsaid += [(name, word) for word in wanted if word not in name]
    assert unsaid == []


@pytest.mark.parametrize("study", STANDING)
def test_a_contrast_of_another_network_than_the_headlines_says_whose_it_is(study: str) -> None:
    facts = plugins.load("studies", study).FIRST_SCREEN
    rows = overlaid("open").spec("tabulate", study).rows
    headline = rows[facts.runs[0].honest].tags["model"]
    for one in contrasts(facts):
        assert rows[one.run].tags["model"] == headline or one.network
