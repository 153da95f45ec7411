"""What config may ask of the stage `report`."""

from cardiograft.specs.entry import Entry


class Report(Entry):
    """One page.

    Attributes
    ----------
    title
        Its heading.
    studies
        Folders of tables, in the order in which they are told.
    command
        What makes it, as the page says under how to reproduce.
    """

    title: str
    studies: tuple[str, ...]
    command: str = "snakemake --cores 8 results/report.html"
