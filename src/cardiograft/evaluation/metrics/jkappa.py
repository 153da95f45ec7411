"""jκ index: κ/2 + j/8, one value for agreement and for the ectopic beats.

Source: Mar et al. 2011, doi:10.1109/TBME.2011.2113395.
"""

from cardiograft.evaluation import confusion
from cardiograft.evaluation.metrics import _j_index
from cardiograft.plugins import Names
from cardiograft.records import Float64

TITLE = "jκ"
KINDS = ("classes",)
PERCENT = False
LOWER_IS_BETTER = False

additive = confusion.per_subject
support = _j_index.support


def values(
    sums_BD: Float64, labels: tuple[str, ...], *, unscored: Names = ("Q",)
) -> dict[str, Float64]:
    """Return jκ, shape (B,), under ``""``; true beats of `unscored` classes do not count.

    Raises
    ------
    ValueError
        There is no class S, or none V.
    """
    matrix_BKK = _j_index.without(sums_BD, labels, tuple(unscored))
    return {"": confusion.kappa(matrix_BKK) / 2 + _j_index.j(matrix_BKK, labels) / 8}
