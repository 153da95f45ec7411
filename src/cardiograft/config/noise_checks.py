"""Check entries of segments that add noise."""

from cardiograft import plugins
from cardiograft.config.schema import Config
from cardiograft.signals import faults


def check_noise(config: Config) -> None:
    """Check every entry of segments that adds noise.

    Raises
    ------
    ValueError
        One line: its database of noise is none, or has no noise of a name that is asked for.
    """
    for name, piece in config.segments.items():
        if piece.noise is None:
            continue
        place, database = f"segments.{name}.noise", piece.noise.database
        if database not in config.databases:
            hint = plugins.hint(database, config.databases)
            raise ValueError(f"{place}.database: no entry named {database!r}.{hint}")
        noises = plugins.constants("datasets", piece.noise.dataset).get("NOISE")
        if noises is None:
            continue  # of one's own: the names of its recordings are known when they are read
        known = (faults.CLEAN, *noises, *faults.NAMES)
        for kind in piece.noise.shares:
            if kind not in known:
                raise ValueError(
                    f"{place}.shares: no noise or fault {kind!r}.{plugins.hint(kind, known)}"
                )
