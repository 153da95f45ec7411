# Before jobs go to a cluster: none of an earlier run is left there, an outage is lived through, and
# a group of jobs keeps what it has finished.
# How one training becomes several processes, on a cluster or here.

from snakemake.exceptions import WorkflowError

from cardiograft.config.still_queued import refuse_second_jobs


def before_cluster_jobs():
    try:
        refuse_second_jobs(Path.cwd())
    except ValueError as error:
        raise WorkflowError(str(error)) from None
    remember_job_age()
    keep_going_in_groups()
    keep_what_groups_finished()


def remember_job_age():
    """Have the plug-in for SLURM ask once how long squeue knows an ended job.

    It asks at every look, and while the controller is away it takes no answer for "not long", turns
    to sacct, and on a cluster without accounting gives up all jobs and waits for ever.
    """
    plugin = sys.modules.get("snakemake_executor_plugin_slurm")
    job_age = getattr(plugin, "get_min_job_age", None)
    age = job_age() if job_age else None
    if age is not None:
        plugin.get_min_job_age = lambda: age


def keep_going_in_groups():
    """Have a job that fails stop no other of its group, where it stops none outside.

    Snakemake does not hand that option on to what it submits.
    """
    if not workflow.execution_settings.keep_going:
        return
    factory = type(workflow.spawned_job_args_factory)
    as_it_is = factory.general_args
    factory.general_args = lambda *args, **options: (
        f"{as_it_is(*args, **options)} --keep-going"
    )


def keep_what_groups_finished():
    """Have a group of jobs that failed begin again with those that it has not finished.

    Snakemake takes one of them for all: it removes what the others have made, begins them again, and
    lets nothing that depends on them begin.
    """
    from snakemake.jobs import GroupJob

    submit, as_it_is = GroupJob.register, GroupJob.postprocess
    submitted = set()

    def register(group, **options):
        submit(group, **options)
        submitted.add(group.jobs)

    async def postprocess(group, error=False, **options):
        # A group that was refused has finished nothing: what lies there is of an earlier run.
        was_submitted = group.jobs in submitted
        submitted.discard(group.jobs)
        if not error:
            return await as_it_is(group, **options)
        done = [job for job in group if was_submitted and await has_finished(job)]
        if len(done) == len(group):
            done.pop()  # which Snakemake begins again: it has no group of none
        if done:
            await part_with(group, done, as_it_is)
        await as_it_is(group, error=True, **options)

    GroupJob.register, GroupJob.postprocess = register, postprocess


async def has_finished(job):
    """Tell whether a group that failed has finished one of its jobs.

    All are marked as begun once the group is submitted; the node takes the mark away from one that
    has ended well.
    """
    if not all([await file.exists() for file in job.output]):
        return False
    return not await workflow.persistence.incomplete(job)


async def part_with(group, done, postprocess):
    """Take finished jobs out of a group that failed, and let begin what waits for them."""
    part = type(group)(group.groupid, frozenset(done), group.global_resources)
    part.finalize()
    await postprocess(part)
    workflow.dag.register_running({part})
    await workflow.dag.finish(part)
    workflow.scheduler.finished_jobs += len(done)
    # The scheduler knows a group by its jobs.
    running = (workflow.scheduler.running, workflow.dag._running)
    for groups in running:
        groups.remove(group)
    group.jobs = frozenset(group.jobs) - part.jobs
    # What was put together of all; but what the scheduler has to take back is left as it was.
    for name in ("toposorted", "input", "output", "log", "all_products"):
        setattr(group, f"_{name}", None)
    group.finalize()
    for groups in running:
        groups.add(group)


# A training of one process is called as every script is; of several on one node torchrun begins
# them, and of several nodes SLURM does. (What stops a job is said twice: to its log, and to whoever
# has called.)
TRAINED_BY = doubled(
    'trained_by() { local all="$1" nodes="$2"; shift 2; if [ "$all" = 1 ]; then python "$@"; '
    'elif [ "$nodes" -le 1 ]; then command python -m torch.distributed.run --standalone '
    '--nproc-per-node="$all" "$@"; elif [ -z "${SLURM_JOB_ID:-}" ]; then '
    'local line="num_nodes: $nodes: only a job of SLURM has several nodes; '
    'call snakemake with --workflow-profile workflow/profiles/slurm"; '
    'echo "$line"; echo "$line" >&2; return 1; else srun --kill-on-bad-exit=1 --nodes="$nodes" '
    '--ntasks="$all" --ntasks-per-node=$((all / nodes)) python "$@"; fi; }; '
)


def spread(stage, name):
    """Resources: what a training asks for by its devices and num_nodes."""
    return lambda w: PLAN.spread(stage, w.entry)[name]


def growing_with(stage, amount):
    """Resources: as `growing`, for each of a training's processes on a node."""
    return lambda w, attempt: amount * attempt * PLAN.spread(stage, w.entry)["readers"]
