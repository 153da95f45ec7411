"""What config may ask of the stage `report`."""

from cardiograft.specs.entry import Entry, Several


class Report(Entry):
    """One page.

    Attributes
    ----------
    title
        Its heading.
    studies
        Folders of tables, in the order of the page.
    stands_in
        By database: the recordings of a paper that it takes the place of.
    """

    title: str
    studies: Several[str]
    stands_in: dict[str, str] = {}
