"""j index: Se + P of supraventricular and of ventricular beats, from 0 to 4.

Source: Mar et al. 2011, doi:10.1109/TBME.2011.2113395.
"""

from cardiograft.evaluation import confusion
from cardiograft.evaluation.metrics import _j_index
from cardiograft.plugins import Names
from cardiograft.records import Float64

TITLE = "j"
KINDS = ("classes",)
PERCENT = False
LOWER_IS_BETTER = False

additive = confusion.per_subject
support = _j_index.support


def values(
    sums_BD: Float64, labels: tuple[str, ...], *, unscored: Names = ("Q",)
) -> dict[str, Float64]:
    """Return j, shape (B,), under ``""``; true beats of `unscored` classes do not count.

    Raises
    ------
    ValueError
        There is no class S, or none V.
    """
    return {"": _j_index.j(_j_index.without(sums_BD, labels, tuple(unscored)), labels)}
