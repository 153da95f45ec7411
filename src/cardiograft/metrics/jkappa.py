"""jκ index: κ/2 + j/8, one figure for agreement and for the ectopic beats.

Source: Mar et al. 2011, doi:10.1109/TBME.2011.2113395.
"""

from cardiograft import confusions, ectopy
from cardiograft.records import Float64

TITLE = "jκ"
KINDS = ("classes",)
PERCENT = False
LOWER_IS_BETTER = False

additive = confusions.per_subject
support = ectopy.support


def values(
    sums_BD: Float64, labels: tuple[str, ...], *, unscored: tuple[str, ...] = ("Q",)
) -> dict[str, Float64]:
    """Return jκ, shape (B,), under ``""``; true beats of `unscored` classes do not count.

    Raises
    ------
    ValueError
        There is no class S, or none V.
    """
    matrix_BKK = ectopy.without(sums_BD, labels, tuple(unscored))
    return {"": confusions.kappa(matrix_BKK) / 2 + ectopy.j(matrix_BKK, labels) / 8}
