"""Check that weights which others have published are at hand."""

from collections.abc import Mapping

from cardiograft.specs.transfer import Transfer


def check_weights(transfers: Mapping[str, Transfer]) -> None:
    """Look for the files of weights that others have published.

    Raises
    ------
    FileNotFoundError
        One is not there, or the package that it is a file of.
    ValueError
        A package's name is none.
    """
    for name, run in transfers.items():
        for outside in (source.outside for source in run.sources if source.outside):
            where = f"transfer.{name}.source"
            try:
                path = outside.path
            except (FileNotFoundError, ValueError) as error:
                raise type(error)(f"{where}.package: {error}") from None
            if not path.is_file():
                raise FileNotFoundError(f"{where}.file: no file {str(path)!r}")
