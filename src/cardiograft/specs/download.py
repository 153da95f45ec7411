"""What config may ask of the stage `download`: one database, fetched or simulated."""

from typing import Annotated, Any, Literal, Self

from annotated_types import Ge, Le
from pydantic import model_validator

from cardiograft.specs.entry import Count, Entry, Seed, Some, Word
from cardiograft.specs.own_folder import OwnFolder

Lost = Literal["refused", "allowed"]


class Download(Entry):
    """One database.

    Where the bytes come from is not part of it: the same bytes from another mirror are
    the same recordings. ``content`` is what tells one set of bytes from another.

    Attributes
    ----------
    dataset
        Module in ``datasets/``.
    records
        Names, or how many from the top of RECORDS; all if null.
    max_nonfinite
        Share of missing samples above which a lead can't be used: a record is quarantined where no
        lead can, and left out of an entry of `segments` where none that is asked for can.
    lost
        Whether the job goes on without records that it asks for and that are missing or
        quarantined: null refuses it where they are named, and allows it else.
    simulate
        Options of the data set's simulation with all defaults, or null where recordings are real.
    seed
        Of the simulation; null where recordings are real.
    folder
        Where recordings of one's own lie, and what is known of them; null for a database that a
        mirror holds.
    content
        Digest of what the mirror lists, or ``published`` for a numbered PhysioNet release.
    """

    dataset: str
    records: Count | Some[Word] | None = None
    max_nonfinite: Annotated[float, Ge(0), Le(1)] = 0.1
    lost: Lost | None = None
    simulate: dict[str, Any] | None = None
    seed: Seed | None = None
    folder: OwnFolder | None = None
    content: str = "published"

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if (self.simulate is None) != (self.seed is None):
            raise ValueError("simulate and seed go together")
        return self
