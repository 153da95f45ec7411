# Shared by all rules: the config, and the two params of a job (its spec, its code).

from cardiograft.config.checks import load_config
from cardiograft.config.command import command, doubled, exports
from cardiograft.config.files import check_writable
from cardiograft.config.plan import Plan
from cardiograft.config.study_plan import StudyPlan

try:
    CONFIG = load_config(config)
    check_writable("results", Path(CONFIG.results))
    PLAN = Plan(CONFIG)
    STUDIES = StudyPlan(PLAN)
except (ValueError, OSError) as error:
    sys.exit(located(error, config, CONFIG_FILES, ROOT))

RESULTS = CONFIG.results
CONDA = doubled(str(ROOT / "envs" / "environment.yaml"))
# One thread a job: as fast beside busy neighbours, and the same bytes on every machine. Where
# things lie, how often a training is saved, and how one called reach a job through its
# environment: that reruns nothing.
ENVIRONMENT = {
    "PYTHONPATH": ROOT / "src",
    "PYTHONSAFEPATH": 1,
    "SCRIPTS": ROOT / "workflow" / "scripts",
    "MIRROR": CONFIG.mirror,
    "SLOWEST": CONFIG.slowest,
    "RECORDINGS": CONFIG.data,
    "RESULTS": RESULTS,
    "SAVE_EVERY_S": CONFIG.save_every_s,
    "COMMAND": command(sys.argv[1:]),
    "OMP_NUM_THREADS": 1,
    "OPENBLAS_NUM_THREADS": 1,
    "MKL_NUM_THREADS": 1,
}
# Snakemake removes a job's log before it begins the job again: each attempt's has a second name,
# in a folder beside it, and says when and where it was written. When a job that succeeded began and
# ended, in microseconds, stands beside its log: the report adds that up. (Snakemake's `benchmark`
# would measure the client of a warm interpreter, and what `--touch` leaves out would rerun.)
# A log that is still there, as of a job that the scheduler begins again, is not written over but
# removed: by its second name it is the earlier attempt's. A shell that is told to end waits for
# what it runs, which is told too and may be saving, and has not succeeded: without a trap of its
# own it would end at once, with the status of the command before.
ATTEMPT = doubled(
    'now_us() { local now="${EPOCHREALTIME:-$(date +%s).000000}"; echo "${now/[.,]/}"; }; '
    'took() { [ "$1" != 0 ] || echo "$3 $(now_us)" > "$2" || :; }; '
    'attempt() { local now kept="${1%.log}.attempts"; now="$(date +%Y-%m-%dT%H%M%S)"; '
    'rm -f "$1"; echo "$now on $HOSTNAME${SLURM_JOB_ID:+, job $SLURM_JOB_ID}" > "$1"; '
    'mkdir -p "$kept"; ln "$1" "$kept/$now.$$.log" 2> /dev/null || :; '
    'trap "took \\$? $(printf %q "${1%.log}.took") $(now_us)" EXIT; trap "exit 143" TERM; }; '
)


wildcard_constraints:
    entry="[^/]+",
    repeat="[0-9]+",


def spec(stage):
    """Params: this job's entry of config as JSON, and nothing else of it."""

    def text(w):
        try:
            return PLAN.spec(stage, w.get("entry", ""))
        except (
            FileNotFoundError
        ) as error:  # of a mirror without a database that is needed
            sys.exit(f"config: {error}")

    return text


def code(stage):
    """Params: the code that this job runs, the plug-ins it names included."""
    return lambda w: PLAN.code(stage, w.get("entry", ""))


def growing(amount):
    """Resources: so much at the first attempt, twice as much at the second, and so on."""
    return lambda wildcards, attempt: amount * attempt
