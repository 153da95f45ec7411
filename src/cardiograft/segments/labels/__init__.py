"""Plug-ins: what a recording shows, as a class of the recording, of its beats or of spans of it.

Imports: `cardiograft.segments.cutting`, `signals` and the files at the package's root; no other
label.

Constants
---------
KIND : str
    ``record`` (one class for all of it), ``beat`` (one for each annotated beat) or ``span`` (one
    from a mark to the next). A literal. A cut says in its ``LABELS`` which kinds it takes.

Functions
---------
label(record: Record, ...) -> Labels
    Return a recording's `cardiograft.segments.cutting.Labels`: ``whole`` for kind ``record``;
    ``mark_A``, one class or None for each annotation, for ``beat`` and ``span`` (the latter with
    ``spans=True``, and ``at_A`` where classes begin elsewhere than at annotations); or
    ``unusable`` with the reason why the recording has to be left out.
    Keyword-only arguments, typed and with defaults, are options. The docstring gives the source of
    the classes.

Optional
--------
OF_LEADS : bool
    True of a label that looks at signals: it then receives the leads that the entry cuts, and no
    other, as the file has them (with the noise that the entry adds). A literal.
OF_NOISE : bool
    True of a label that reads what noise was added: its entry needs ``noise``. A literal.
"""
