"""How many processes train together, and which of them this is, by the launcher's variables."""

import os
import re
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass

# What launchers tell each of the processes that they begin: how many there are. SLURM's number is
# that of the step, which `srun` sets: a batch script of many tasks is itself one process.
LAUNCHERS = {
    "WORLD_SIZE": "torchrun or accelerate",
    "SLURM_STEP_NUM_TASKS": "srun",
    "OMPI_COMM_WORLD_SIZE": "mpirun",
    "PMI_SIZE": "mpiexec",
    "MV2_COMM_WORLD_SIZE": "mpirun",
}
FIRST_PORT, PORTS = 20000, 20000  # where the ranks of a step of SLURM meet, by the job's number


@dataclass(frozen=True)
class Begun:
    """One process of a training: the `rank`-th, from 0, of `count`."""

    rank: int = 0
    count: int = 1


ONE = Begun()


def begun(processes: int, environment: MutableMapping[str, str] = os.environ) -> Begun:
    """Return which process of a training this is; tell torch, where only SLURM has been told.

    Parameters
    ----------
    processes
        As many as the entry asks for: its `devices` times its `num_nodes`.

    Raises
    ------
    ValueError
        Another number of them was begun, or nobody has said which of them this is.
    """
    if processes == 1:
        refuse_several_processes(environment)
        return ONE
    count = _number(environment, "WORLD_SIZE")
    if count is None and _number(environment, "SLURM_STEP_NUM_TASKS", 1) != 1:
        count = _set_ranks_by_slurm(environment)
    if count != processes:
        raise ValueError(
            f"devices times num_nodes is {processes}, and {count or 1} processes were begun: call"
            f" the script by torchrun --nproc-per-node={processes}, or srun --ntasks={processes}"
        )
    rank = _number(environment, "RANK")
    if rank is None:  # all of them would be the first, on one state and for one result
        raise ValueError(
            f"WORLD_SIZE={count} and no RANK: which of the processes is this? Call the script by"
            f" torchrun --nproc-per-node={processes}, or srun --ntasks={processes}"
        )
    return Begun(rank, processes)


def _number(environment: Mapping[str, str], name: str, default: int | None = None) -> int | None:
    given = environment.get(name, "")
    return int(given) if given.isdecimal() else default


def _set_ranks_by_slurm(environment: MutableMapping[str, str]) -> int:
    """Set the variables that torchrun would, for a task of a SLURM step; return how many it has."""
    count = _number(environment, "SLURM_STEP_NUM_TASKS", 1) or 1
    nodes = _number(environment, "SLURM_STEP_NUM_NODES", 1) or 1
    job = _number(environment, "SLURM_JOB_ID", 0) or 0
    environment["WORLD_SIZE"] = str(count)
    environment["RANK"] = environment.get("SLURM_PROCID", "0")
    environment["LOCAL_RANK"] = environment.get("SLURM_LOCALID", "0")
    environment["LOCAL_WORLD_SIZE"] = str(count // nodes)
    environment.setdefault("MASTER_ADDR", first_host(environment.get("SLURM_STEP_NODELIST", "")))
    environment.setdefault("MASTER_PORT", str(FIRST_PORT + job % PORTS))
    return count


def first_host(nodes: str) -> str:
    """Return the first of SLURM's list of nodes: ``gpu07`` of ``gpu[07-09,12],big1``."""
    match = re.match(r"([^\[,]*)(?:\[(\w+))?", nodes)
    return "".join(part or "" for part in match.groups()) if match and match[0] else "127.0.0.1"


def refuse_several_processes(environment: Mapping[str, str] = os.environ) -> None:
    """Stop where a launcher has begun a training of one process more than once.

    Each process would train the whole network on its own, on one state, for one result.

    Raises
    ------
    ValueError
        It has.
    """
    for name, launcher in LAUNCHERS.items():
        count = environment.get(name, "")
        if count.isdecimal() and int(count) > 1:
            raise ValueError(
                f"a training is one process, and {launcher} has begun {count} ({name}={count}):"
                " call the script once, without it, or set the entry's devices; repeats are jobs"
                " of their own"
            )
    # Where a scheduler's adapter sets no number of the step: no first task has such a number.
    tasks, task = environment.get("SLURM_NTASKS", ""), environment.get("SLURM_PROCID", "")
    if tasks.isdecimal() and task.isdecimal() and int(tasks) > 1 and int(task) > 0:
        raise ValueError(
            f"a training is one process, and this is task {task} of {tasks} (SLURM_PROCID):"
            " ask for one task (--ntasks=1); repeats are jobs of their own"
        )
