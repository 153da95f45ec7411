"""Plug-ins: weights that others have published, read from their own files.

A transfer's source that names a `file` names its reader too. `_state` reads torch's files.

Imports: ``_`` modules of this room, `checkpoints` and the files at the package's root; no other
reader. torch and safetensors are the only libraries that they need.

A module docstring says whose files it reads, and how their tensors are named here.

Functions
---------
read(path: Path, ...) -> Checkpoint
    Return the tensors, by names that a transfer's `map` can take to a network here: those of a
    model plug-in of the same structure where there is one (``encoder.stem.weight``). Nothing in
    the file is executed. ``about`` holds ``meaning`` (`cardiograft.checkpoints.meaning.Meaning`),
    as far as it is known. Keyword-only arguments, typed and with defaults, are options that a
    source's ``reader`` may set. Raises `FileNotFoundError` where there is no file, `ValueError`
    where it is not of the kind that is read, in one line.
"""
