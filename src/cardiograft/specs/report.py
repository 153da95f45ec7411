"""What config may ask of the stage `report`."""

from cardiograft.specs.entry import Entry


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
    studies: tuple[str, ...]
