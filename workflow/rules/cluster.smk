# Before jobs go to a cluster: none of an earlier run is left there, and an outage is lived through.
# How one training becomes several processes, on a cluster or here.

from snakemake.exceptions import WorkflowError

from cardiograft.config.still_queued import refuse_second_jobs


def before_cluster_jobs():
    try:
        refuse_second_jobs(Path.cwd())
    except ValueError as error:
        raise WorkflowError(str(error)) from None
    remember_job_age()


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
