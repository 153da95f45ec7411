"""Two runs at once that share one data folder."""

import time
from dataclasses import replace
from pathlib import Path

from faults.counting import Count
from faults.stages import Job, Running, Study, contents, partials


def counts(study: Study, folder: Path, rounds: int) -> list[Count]:
    """Download at the same moment, and cut what one has while the other downloads it anew."""
    return [_downloads(study, folder / "a", rounds), _reading(study, folder / "b", rounds)]


def _download(study: Study, data: Path, out: Path) -> Job:
    job = study.jobs()["download"]
    return replace(job, arguments={**job.arguments, "data": data, "out": out}, outputs=(out,))


def _downloads(study: Study, folder: Path, rounds: int) -> Count:
    count = Count("two downloads into one data folder at once")
    for turn in range(rounds):
        home = folder / str(turn)
        home.mkdir(parents=True)
        jobs = [_download(study, home / "data", home / f"{name}.json") for name in "ab"]
        running = [Running(job, home / f"{k}.log") for k, job in enumerate(jobs)]
        ends = [one.wait() for one in running]
        texts = {job.outputs[0].read_text() for job in jobs if job.outputs[0].is_file()}
        if ends != [0, 0]:
            count.add("", f"ended with {ends}: {[one.log_text()[-200:] for one in running]}")
        elif len(texts) != 1 or partials(home):
            count.add("", f"{len(texts)} manifests of one folder, left over: {partials(home)}")
        else:
            count.add("equal manifests")
    return count


def _reading(study: Study, folder: Path, rounds: int) -> Count:
    count = Count("recordings cut while another run downloads them")
    folder.mkdir(parents=True)
    segment, download = study.jobs()["segment"], study.jobs()["download"]
    expected = sorted(contents(segment.outputs).values())
    for turn in range(rounds):
        out = folder / f"{turn}"
        job = replace(segment, arguments={**segment.arguments, "out": out}, outputs=(out,))
        again = _download(study, Path(download.arguments["data"]), folder / f"{turn}.json")
        other = Running(again, folder / f"{turn}.download.log")
        time.sleep(0.05 * turn)
        one = Running(job, folder / f"{turn}.segment.log")
        ends = [one.wait(), other.wait()]
        if ends != [0, 0]:
            count.add("", f"ended with {ends}: {one.log_text()[-200:]} {other.log_text()[-200:]}")
        elif sorted(contents([out]).values()) != expected:
            count.add("", "other shards")
        else:
            count.add("equal shards")
    return count
