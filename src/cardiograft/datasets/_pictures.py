"""Pictures as recordings: one lead, ``picture``, whose samples are a picture's values in a row.

Plane by plane (grey, or red, green and blue), row by row from the top, within 0 to 1. One hertz is
one value a second: a rate so low that nobody takes it for a heart's.

Legend: K planes, H height, W width, T = K H W.
"""

from fractions import Fraction

import numpy as np
import numpy.typing as npt

from cardiograft.records import LABEL, Annotations, Record

Picture = npt.NDArray[np.uint8]
LEAD, UNIT = "picture", "NU"


def recording(dataset: str, name: str, subject: str, picture_KHW: Picture, label: str) -> Record:
    """Return a picture, 8 bits a value, as a recording whose label is the picture's class."""
    value_T = picture_KHW.reshape(-1).astype(np.float32) / np.float32(255)
    return Record(
        dataset=dataset,
        id=name,
        subject=subject,
        signal_CT=value_T[None],
        rate_hz=Fraction(1),
        leads=(LEAD,),
        units=(UNIT,),
        mains_hz=50,
        annotations=Annotations(
            sample_A=np.zeros(1, dtype=np.int64),
            symbol_A=np.array([LABEL]),
            aux_A=np.array([label]),
        ),
    )


def graymap(picture_HW: Picture) -> bytes:
    """Return a grey picture as a file of Netpbm's format P5, which any viewer shows."""
    height, width = picture_HW.shape
    return f"P5\n{width} {height}\n255\n".encode() + picture_HW.tobytes()


def from_graymap(content: bytes) -> Picture:
    """Return the grey picture, (H, W), that `graymap` wrote.

    Raises
    ------
    ValueError
        It is another format, or shorter than it states.
    """
    head, _, rest = content.partition(b"\n255\n")
    form, _, size = head.partition(b"\n")
    if form != b"P5" or len(size.split()) != 2:
        raise ValueError("no grey picture of 8 bits (P5)")
    width, height = map(int, size.split())
    if len(rest) != width * height:
        raise ValueError(f"truncated picture: {len(rest)} of {width * height} values")
    return np.frombuffer(rest, np.uint8).reshape(height, width)
