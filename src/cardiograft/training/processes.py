"""A training is one process: several of them, begun by a launcher, are refused."""

import os
from collections.abc import Mapping

# What launchers tell each of the processes that they begin: how many there are. SLURM's number is
# that of the step, which `srun` sets: a batch script of many tasks is itself one process.
LAUNCHERS = {
    "WORLD_SIZE": "torchrun or accelerate",
    "SLURM_STEP_NUM_TASKS": "srun",
    "OMPI_COMM_WORLD_SIZE": "mpirun",
    "PMI_SIZE": "mpiexec",
    "MV2_COMM_WORLD_SIZE": "mpirun",
}


def refuse_several_processes(environment: Mapping[str, str] = os.environ) -> None:
    """Stop where a launcher has begun this training more than once.

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
                " call the script once, without it; repeats are jobs of their own"
            )
    # Where a scheduler's adapter sets no number of the step: no first task has such a number.
    tasks, task = environment.get("SLURM_NTASKS", ""), environment.get("SLURM_PROCID", "")
    if tasks.isdecimal() and task.isdecimal() and int(tasks) > 1 and int(task) > 0:
        raise ValueError(
            f"a training is one process, and this is task {task} of {tasks} (SLURM_PROCID):"
            " ask for one task (--ntasks=1); repeats are jobs of their own"
        )
