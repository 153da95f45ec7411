"""When each job of a run began and ended, as it stands beside its log."""

from pathlib import Path

Times = dict[tuple[str, str], dict[str, float]]
SUFFIX = ".took"


def read(folder: Path) -> Times:
    """Return, by stage and entry, the seconds of each job that says when it began and ended.

    Parameters
    ----------
    folder
        Of logs: ``<stage>/<entry>.took`` or ``<stage>/<entry>/<repeat>.took``, two times in
        microseconds. What can't be read is a job that was not measured.
    """
    times: Times = {}
    for file in sorted(folder.rglob(f"*{SUFFIX}")):
        stage, *entry = file.relative_to(folder).with_suffix("").parts
        try:
            began, ended = map(int, file.read_text("utf-8").split())
        except (ValueError, OSError):
            continue
        name, *repeat = entry or [""]
        times.setdefault((stage, name), {})["/".join(repeat)] = max(0, ended - began) / 1e6
    return times
