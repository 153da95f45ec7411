"""Can an entry have been chosen as it says?

What an evaluation says of how its model was chosen is a claim. What contradicts it in the run
itself is refused: an epoch kept by the test part, a validation part that is not there. What was
tried by hand can't be seen from here. Folds that are pooled are looked at with the config: in one
of them everybody is tested.
"""

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from cardiograft.specs.audit import Audit


def choice_complaint(spec: Audit, tables: Mapping[str, pa.Table]) -> str:
    """Return one line on what contradicts `chosen_on`; nothing, if nothing does.

    Parameters
    ----------
    spec
        The evaluation; its model's training is the first of its lineage.
    tables
        Table of each split, by its name.
    """
    if spec.chosen_on is None or "test" not in spec.parts:
        return ""
    stated = f"chosen_on {spec.chosen_on!r}"
    for ancestor in spec.lineage:
        if {"train", "test"} <= set(ancestor.uses) and spec.chosen_on != "test":
            return (
                f"{stated}: but {ancestor.stage} {ancestor.entry!r} keeps the epoch that does best"
                " on a test part: say `chosen_on: test`"
            )
    own = spec.lineage[0]
    trained = f"split {own.split!r} of {own.stage} {own.entry!r}"
    if spec.chosen_on == "validation" and not spec.chosen_in:
        if not _subjects(tables[own.split], "validation"):
            return (
                f"{stated}: but {trained} has no validation part: name the config of the run that"
                " has one with `chosen_in`, or say how it was chosen"
            )
    if spec.chosen_on == "cross-validation" and _subjects(tables[own.split], "train") < 2:
        return f"{stated}: but {trained} trains on fewer than two subjects"
    return ""


def _subjects(table: pa.Table, part: str) -> int:
    own = table.filter(pc.equal(table["part"], part))
    return int(pc.count_distinct(own["subject"]).as_py())
