"""What config may say of a folder of recordings of one's own."""

import re
from typing import Annotated, Any, Literal, Self

from annotated_types import Ge, Le
from pydantic import model_validator

from cardiograft.specs.entry import Entry, Some, Word


class Labels(Entry):
    """A table of labels: CSV, a row a recording, or a row a span of one.

    Attributes
    ----------
    file
        Below the folder, or an absolute path.
    record, label
        Columns: the recording's name as in the folder (``ward/P01_rest``, with its extension or
        without), and its class. An empty cell is no label.
    start_s, end_s
        Columns: where a span begins and ends, in seconds from the recording's start. Both or none;
        an empty end is the recording's own.
    """

    file: Word
    record: Word = "record"
    label: Word = "label"
    start_s: Word | None = None
    end_s: Word | None = None

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if (self.start_s is None) != (self.end_s is None):
            raise ValueError("start_s and end_s go together: columns of labels of spans")
        return self


class Subject(Entry):
    """Whose recording it is. ``folder`` and ``record`` may be written by themselves.

    Attributes
    ----------
    by
        ``pattern``, ``column``, ``folder`` or ``record``: the first two need not be said.
    pattern
        Regular expression, searched for in the recording's name: its group, the one called
        ``subject`` or else the first, is the subject.
    column, record, file
        Columns of a CSV table: the subject, and the recording's name. The table is that of the
        labels where `file` is null.
    """

    by: Literal["column", "pattern", "folder", "record"]
    pattern: Word | None = None
    column: Word | None = None
    record: Word = "record"
    file: Word | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, given: Any) -> Any:
        if isinstance(given, str):
            return {"by": given}
        if isinstance(given, dict) and "by" not in given:
            named = [key for key in ("pattern", "column") if given.get(key) is not None]
            if len(named) != 1:
                raise ValueError(
                    "say by what: {pattern: ...}, {column: ...}, folder (the first of its name)"
                    " or record (each recording is another person's)"
                )
            return {**given, "by": named[0]}
        return given

    @model_validator(mode="after")
    def _agree(self) -> Self:
        for key in ("pattern", "column"):
            if (getattr(self, key) is not None) != (self.by == key):
                raise ValueError(f"by {self.by!r}: {key} {getattr(self, key)!r} contradicts it")
        if self.pattern is not None:
            try:
                groups = re.compile(self.pattern).groups
            except re.error as error:
                raise ValueError(f"pattern {self.pattern!r}: {error}") from None
            if not groups:
                raise ValueError(f"pattern {self.pattern!r} has no group (...) for the subject")
        return self


class OwnFolder(Entry):
    """A folder of recordings of one's own, read where it lies.

    Attributes
    ----------
    path
        Relative to the folder that the workflow runs in; ``~`` is the home folder.
    subject
        Whose recordings they are: said always, never guessed.
    name
        What the names of recordings and subjects begin with: the entry's own. Two entries that read
        recordings of the same people share one name, so that nobody is trained on in one and tested
        in the other unseen.
    mains_hz
        Of the mains where they were recorded.
    labels
        A table of labels; the label plug-ins ``file_record`` and ``file_span`` read it.
    leads
        Other names of a lead, in order of preference: ``{II: [MLII, "Lead II"]}``. The first that a
        recording has, and that is not there by its own name, is called so.
    units
        Units of leads in shards, by a pattern that their names match, before ``{"*": mV}``.
    unit
        What values are in where a file does not say.
    annotator
        Extension of annotation files that each WFDB recording needs.
    rate_hz, time
        Of CSV files: the sampling rate, or the column that holds the time.
    size, colours
        Of pictures: the height and width in which they are kept, and whether in ``grey`` (one
        value a point) or ``rgb`` (three).
    """

    path: Word
    subject: Subject
    mains_hz: Literal[50, 60]
    name: str = ""
    labels: Labels | None = None
    leads: dict[str, Some[Word]] = {}
    units: dict[str, Word] = {}
    unit: Word | None = None
    annotator: Word | None = None
    rate_hz: Annotated[float, Ge(0.001), Le(100_000)] | None = None
    time: Word | None = None
    size: Annotated[int, Ge(8), Le(290)] = 64
    colours: Literal["grey", "rgb"] = "grey"

    @property
    def tables(self) -> tuple[str, ...]:
        """The CSV tables that it names, each once."""
        files = (self.labels.file if self.labels else None, self.subject_file)
        return tuple(dict.fromkeys(file for file in files if file is not None))

    @property
    def subject_file(self) -> str | None:
        """The table of subjects, if there is one."""
        if self.subject.by != "column":
            return None
        return self.subject.file or (self.labels.file if self.labels else None)

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.subject.by == "column" and self.subject_file is None:
            raise ValueError("subject: a column needs a file, or labels whose file it is in")
        return self
