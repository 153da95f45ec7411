"""What a study assumed is said of runs that assume it."""

from types import SimpleNamespace

import pytest

from cardiograft import plugins
from cardiograft.tables import study

OWN = SimpleNamespace(ASSUMED=("Always.", ("init", "fractals", "Pictures.")))


@pytest.mark.parametrize(
    ("inits", "expected"),
    [
        (["scratch"], ["Always."]),
        (["scratch", "fractals"], ["Always.", "Pictures."]),
        ([], ["Always."]),
    ],
)
def test_a_sentence_with_a_tag_is_of_runs_that_have_it(
    inits: list[str], expected: list[str]
) -> None:
    rows = [SimpleNamespace(tags={"init": init}) for init in inits]
    assert list(study._assumed(OWN, rows)) == expected


@pytest.mark.parametrize("name", plugins.names("studies"))
def test_studies_keep_to_the_form(name: str) -> None:
    for one in plugins.load("studies", name).ASSUMED:
        assert isinstance(one, str) or (len(one) == 3 and all(isinstance(x, str) for x in one))
