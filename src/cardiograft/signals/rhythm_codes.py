"""Eleven rhythms of resting ECGs: short names, codes of SNOMED CT, and the four groups they make.

Source: Zheng et al., Sci Data 2020;7:48, doi:10.1038/s41597-020-0386-x (names, groups); the codes
as ConditionNames_SNOMED-CT.csv of PhysioNet's ecg-arrhythmia 1.0.0 lists them.
"""

from typing import NamedTuple


class Rhythm(NamedTuple):
    """A rhythm's code in SNOMED CT, the group that it belongs to, and its name in full."""

    code: str
    group: str
    title: str


RHYTHMS = {
    "SB": Rhythm("426177001", "SB", "sinus bradycardia"),
    "SR": Rhythm("426783006", "SR", "sinus rhythm"),
    "AFIB": Rhythm("164889003", "AFIB", "atrial fibrillation"),
    "ST": Rhythm("427084000", "GSVT", "sinus tachycardia"),
    "SVT": Rhythm("426761007", "GSVT", "supraventricular tachycardia"),
    "AF": Rhythm("164890007", "AFIB", "atrial flutter"),
    "SA": Rhythm("427393009", "SR", "sinus irregularity"),
    "AT": Rhythm("713422000", "GSVT", "atrial tachycardia"),
    "AVNRT": Rhythm("233896004", "GSVT", "atrioventricular node reentrant tachycardia"),
    "AVRT": Rhythm("233897008", "GSVT", "atrioventricular reentrant tachycardia"),
    "SAAWR": Rhythm("195101003", "GSVT", "wandering atrial pacemaker"),
}
BY_CODE = {rhythm.code: name for name, rhythm in RHYTHMS.items()}
