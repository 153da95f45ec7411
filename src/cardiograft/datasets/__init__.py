"""Plug-ins: one public database a module, which reads its recordings and simulates others.

The module's name is what config calls the data set. A name that begins with ``_`` is no plug-in:
`_wfdb` reads WFDB files (with `_agreement`, `_samples`, `_strung`, `_annotations`, `_codes`),
`_simulated` and `_long` write simulated ones, the others are tables of single databases.
`simulation` makes heart beats, chests, sounds and noise.

`_own` has what readers of one's own folders share, `_pictures` and `_fractals` what pictures need.

Imports: `specs.own_folder`, `signals`, `physionet.headers` and ``listings``, ``_`` modules and
``simulation`` of this room, and the files at the package's root; no other data set. wfdb is
imported here alone.

A data set's module docstring says what the database holds, its rate and format, its licence and
its source. Constants are literals: they are read without importing the module.

Constants
---------
SLUG : str
    The database's folder on PhysioNet: ``mitdb``.
VERSION : str
    The release that is read: ``1.0.0``.
MAINS_HZ : int
    50 or 60: the mains where it was recorded.
WANTED : tuple of str
    Leads without any of which a recording is nothing of what the database is about, and is
    quarantined; spelt as `cardiograft.signals.leads` spells them. Empty where any lead will do:
    which it needs, each entry of ``segments`` says, and leaves out the recordings without them.
UNITS : dict of str to str
    The unit of a lead in shards, by a pattern that its name matches (``SCG*``; the first that does
    counts, ``*`` is any): ``{"*": "mV"}``. Values in another unit of the same quantity are
    converted. Units are spelt as `cardiograft.signals.units` spells them.
ANNOTATORS : tuple of str
    Extensions of the annotation files that each WFDB record needs: ``("atr",)``, or ``()``.
EXTRAS : tuple of str
    Further files that the database needs as a whole (a spreadsheet of subjects), below its folder.

Functions
---------
names() -> tuple of str
    All records' names, as RECORDS lists them (``WFDB/ECGPCG0001``), in its order: what can be
    simulated.
subject(root: Path, record: str) -> str
    Whose recording it is, unique within the database: all recordings of one person have the same
    subject, or a person may be trained on and tested. `root` is the folder that holds RECORDS, for
    databases that state it in a file; without the file, as for ``Path()``, the module's own table
    answers. Raises `ValueError` if nothing knows the record.
read(root: Path, record: str) -> Record
    One recording, a `cardiograft.records.Record`: its `dataset` is the module's name, `id` is
    `record`, `subject` what the function above returns; ``signal_CT`` is float32 in the units
    that the file states, as it spells them, NaN where samples are missing; leads are spelt
    canonically, each once (of two alike, the second is ``II (2)``); leads at another rate are in
    ``beside``, and ``notes`` say what was left out. Raises `FileNotFoundError` if a file is not
    there and `ValueError` if one can't be read: the record is then quarantined, with the message
    as the reason.
simulate(root: Path, records: tuple of str, seed: int, *, duration_s: float, ...) -> None
    Write simulated recordings below `root`, in the files and formats of the real ones, with RECORDS
    and SHA256SUMS.txt (`_simulated.write_listing`), so that the same `read` reads them. Bytes of a
    record follow from `seed` and its name alone, whichever others are written; recordings of one
    person share a heart. Keyword arguments, each typed and with a default, are what config may set
    below ``databases.<name>.simulate``; ``duration_s`` is the seconds of a record. Raises
    `ValueError` for a record that the database does not have.

Optional
--------
files(root: Path, record: str) -> tuple of str
    Of databases that are not in WFDB format: the files below `root` that a record needs. Where it
    is there, no header is looked for, and a mirror may lack RECORDS.
listed(root: Path) -> tuple of str
    Of such databases: the names that a file among `EXTRAS` lists, for a mirror without RECORDS;
    where it isn't there, `names` stands for them.
forms(record: str) -> tuple of tuples of str
    Of such databases that mirrors hold in one form or another (text, or header and signal): the
    files of each form, the first of which tells that it is there. The first form that a mirror has
    is fetched; `files` names those that are below `root`.
part(record: str) -> str
    The part that the database's own split gives a record, ``train``, ``validation`` or ``test``:
    what a split with scheme ``fixed`` follows.
mains_hz(record: str) -> int
    Where records differ in their mains; ``Record.mains_hz`` says the same.
GAPS : bool
    True where `read` leaves stretches without samples as NaN.
NOISE : tuple of str
    Names of recordings of noise, which can be added to others. A literal.
GENERATED : bool
    True where `simulate` makes the thing itself, and nobody recorded it: it is made whatever the
    mirror, and marked ``generated`` wherever it shows, not ``simulated``.
OWN : bool
    True for a format of one's own recordings, in a folder that config names
    (``databases.<name>.folder``, a `cardiograft.specs.own_folder.OwnFolder`). It has
    `record_names` and `mentioned` in place of `names` and `simulate`; these, `subject` and `read`
    take the keyword argument ``folder``. A record's `dataset` is the folder's ``name``, `SLUG` and
    `MAINS_HZ` say nothing. Raises `cardiograft.physionet.headers.UnfitError` where a recording's
    subject is not known, or labels contradict one another.
record_names(root: Path) -> tuple of str
    The names of the recordings below `root`.
mentioned(root: Path) -> dict of str to tuple of str
    The recordings that each of the folder's tables names.
"""
