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
    """

    title: str
    studies: Several[str]
