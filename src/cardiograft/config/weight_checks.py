"""Check that weights which others have published are at hand."""

from collections.abc import Mapping

from cardiograft.specs.transfer import Transfer


def check_weights(transfers: Mapping[str, Transfer]) -> None:
    """Look for the files of weights that others have published.

    Raises
    ------
    FileNotFoundError
        One is not there, or the package that it is a file of.
    """
    for name, run in transfers.items():
        for outside in (source.outside for source in run.sources if source.outside):
            if not outside.path.is_file():
                where = f"transfer.{name}.source.file"
                raise FileNotFoundError(f"{where}: no file {str(outside.path)!r}")
