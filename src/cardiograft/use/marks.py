"""Predictions as annotations: beats by their codes, quality and rhythm where they change.

Legend: N segments.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from cardiograft.datasets._annotation_file import Mark
from cardiograft.use.predictor import Marking

# AAMI's classes are codes of WFDB's too; another class stands as a note.
BEAT_CODES = ("N", "S", "V", "F", "Q")
NOTE = '"'
CODES = {"quality": "~", "rhythm": "+", "note": NOTE}
UNJUDGED = "unjudged"
END = {"quality": UNJUDGED, "rhythm": ")", "note": UNJUDGED}


@dataclass
class Marker:
    """Turns one recording's predicted classes, which come in the order of time, into annotations.

    Attributes
    ----------
    marking
        ``beat``: a mark at each segment, of the class's own code. Else a mark where the class
        changes, and where no segment follows, so that nobody takes a stretch without predictions
        for one of the class before it: ``rhythm`` as ``+`` with ``(AFIB``, ended by ``)``;
        ``quality`` as ``~``, and others as notes, ended by ``unjudged``.
    """

    marking: Marking
    _last: str | None = field(default=None, init=False)
    _stop: int = field(default=0, init=False)

    def add(
        self, sample_N: Sequence[int], stop_N: Sequence[int], class_N: Sequence[str]
    ) -> Iterator[Mark]:
        """Yield the annotations of some segments.

        Parameters
        ----------
        sample_N, stop_N
            Where each begins (or its beat is) and ends, in samples of the recording.
        class_N
            Its predicted class.
        """
        for sample, stop, name in zip(sample_N, stop_N, class_N, strict=True):
            if self.marking == "beat":
                known = name in BEAT_CODES
                yield Mark(sample, name if known else NOTE, "" if known else name)
                continue
            if self._last is not None and sample > self._stop + 1:
                yield from self.finish()
            if name != self._last:
                text = f"({name}" if self.marking == "rhythm" else name
                yield Mark(sample, CODES[self.marking], text)
            self._last, self._stop = name, max(self._stop, stop)

    def finish(self) -> Iterator[Mark]:
        """Yield the end of the last class; a beat has none."""
        if self._last is not None:
            yield Mark(self._stop, CODES[self.marking], END[self.marking])
        self._last = None
