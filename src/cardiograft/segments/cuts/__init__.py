"""Plug-ins: ways of cutting a prepared recording into segments of one size.

Imports: `signals`, the other modules of `segments`, and the files at the package's root; no other
cut.

Constants
---------
LABELS : tuple of str
    The kinds of label that the cut can give its segments, of ``beat``, ``record`` and ``span``: an
    entry whose label is of another kind is refused. A literal.

Functions
---------
cut(prepared: Prepared, ...) -> CutSegments
    Cut one recording, a `cardiograft.segments.cutting.Prepared` that must stay as it was, into
    `cardiograft.segments.cutting.CutSegments`: segments in the order of time, all of one shape
    whatever the recording, scaled by the recording's scales, zeros after ``valid_N``. A recording
    too short for any gives none, of that shape. Segments that touch a gap, are flat or lack a label
    are left out and counted by their reason (`cardiograft.segments.windows.problems` and
    ``sort_out`` do that). Labels are None throughout where the recording has none. Keyword-only
    arguments, each typed and with a default, are the options of an entry's ``cut``. Raises
    `ValueError` if options contradict the recording.
"""
