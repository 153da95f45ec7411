"""j index: Se + P of supraventricular and of ventricular beats, from 0 to 4.

Source: Mar et al. 2011, doi:10.1109/TBME.2011.2113395.
"""

from cardiograft import confusions, ectopy
from cardiograft.records import Float64

TITLE = "j"
KINDS = ("classes",)
PERCENT = False
LOWER_IS_BETTER = False

additive = confusions.per_subject
support = ectopy.support


def values(
    sums_BD: Float64, labels: tuple[str, ...], *, unscored: tuple[str, ...] = ("Q",)
) -> dict[str, Float64]:
    """Return j, shape (B,), under ``""``; true beats of `unscored` classes do not count.

    Raises
    ------
    ValueError
        There is no class S, or none V.
    """
    return {"": ectopy.j(ectopy.without(sums_BD, labels, tuple(unscored)), labels)}
