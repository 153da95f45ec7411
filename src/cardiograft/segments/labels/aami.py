"""Beat classes of ANSI/AAMI EC57: N, S, V, F and Q, from the annotation codes."""

import numpy as np

from cardiograft.records import Record
from cardiograft.segments.cutting import Labels

KIND = "beat"

CLASSES = {"N": "NLRej", "S": "AaJS", "V": "VE", "F": "F", "Q": "/fQ"}
# ASSUME for codes that MIT-BIH does not use: bundle branch block of an unnamed side is N,
# a supraventricular escape beat S, R-on-T V, an unclassified beat Q.
ELSEWHERE = {"N": "B", "S": "n", "V": "r", "Q": "?"}


def label(record: Record) -> Labels:
    """Return each beat's class; marks that are not beats have none.

    Source
    ------
    ANSI/AAMI EC57:1998/(R)2008; de Chazal et al., IEEE TBME 2004;51:1196-1206, table I,
    doi:10.1109/TBME.2004.827359.
    """
    classes = {
        code: name for table in (CLASSES, ELSEWHERE) for name, c in table.items() for code in c
    }
    class_A = [classes.get(code) for code in record.annotations.symbol_A.tolist()]
    return Labels(mark_A=np.array(class_A, dtype=object))
