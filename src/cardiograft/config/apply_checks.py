"""Check that entries of `apply` name networks that there are, and folders."""

from pathlib import Path

from cardiograft import plugins
from cardiograft.config.entries import BaselineRun
from cardiograft.config.schema import Config
from cardiograft.physionet import mirrors
from cardiograft.shipped import catalogue
from cardiograft.specs.own_folder import OwnFolder, Subject


def check_applied(config: Config) -> None:
    """Check each entry of `apply` against its network.

    Raises
    ------
    ValueError
        One line: the key, its value, and what is accepted.
    """
    networks = [*config.pretrain, *config.prune, *config.transfer]
    for name, entry in config.apply.items():
        place = f"apply.{name}"
        if entry.model in config.baselines:
            raise ValueError(f"{place}.model: {entry.model!r} is a baseline, not a network")
        if entry.model in networks:
            run = config.trained(entry.model)
            assert not isinstance(run, BaselineRun)
            if entry.repeat >= run.repeats:
                raise ValueError(
                    f"{place}.repeat: {entry.repeat}: {entry.model!r} has {run.repeats}, counted"
                    " from 0"
                )
        elif entry.model not in catalogue.names():
            known = plugins.hint(entry.model, [*networks, *catalogue.names()])
            raise ValueError(
                f"{place}.model: no entry, and no model that comes along, is named"
                f" {entry.model!r}.{known}"
            )


def content_of(config: Config, name: str) -> str:
    """Return what identifies the bytes of an entry's folder of recordings.

    Raises
    ------
    FileNotFoundError
        There is no such folder.
    """
    path = config.apply[name].records
    if not Path(path).expanduser().is_dir():
        raise FileNotFoundError(f"apply.{name}.records: no folder {path!r}")
    folder = OwnFolder(path=path, subject=Subject(by="record"), mains_hz=50, name=name)
    return mirrors.own_content(folder, Path(config.results) / "apply" / name / "none")
