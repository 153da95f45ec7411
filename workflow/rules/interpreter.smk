# A run on one machine: its jobs are forks of an interpreter that has imported numpy, pyarrow and
# torch once. Jobs of a cluster, of conda and of containers start a Python each, and so does every
# job with CARDIOGRAFT_WARM=0: the results are the same bytes.

import os
import shutil
import subprocess

from cardiograft import scratch

INTERPRETER = ROOT / "workflow" / "interpreter"
FEWEST_JOBS = 8  # for which importing once more pays
LONGEST_SOCKET = 99  # bytes; one has 107 at most, and server.py adds eight
WARM = (
    sys.platform == "linux"
    and os.environ.get("CARDIOGRAFT_WARM") != "0"
    and workflow.is_main_process
    and not workflow.deployment_settings.deployment_method
    and shutil.which("python")
    == os.path.join(os.path.dirname(sys.executable), "python")
)


if WARM:
    ENVIRONMENT["WARM_SOCKET"] = str(scratch.unused() / "socket")
    ENVIRONMENT["WARM_CLIENT"] = INTERPRETER / "client.py"
    # The client starts a Python of its own where no interpreter answers.
    CALL = 'python() ( exec python -IS "$WARM_CLIENT" "$WARM_SOCKET" "$@" ); '
else:
    CALL = ""

shell.prefix(exports(ENVIRONMENT) + ATTEMPT + CALL + TRAINED_BY)


onstart:
    if not workflow.local_exec:
        before_cluster_jobs()
    if (
        WARM
        and workflow.local_exec
        and len(list(workflow.dag.needrun_jobs())) >= FEWEST_JOBS
        and len(os.fsencode(ENVIRONMENT["WARM_SOCKET"])) <= LONGEST_SOCKET
    ):
        WARM_LOCK = scratch.made(Path(ENVIRONMENT["WARM_SOCKET"]).parent)
        # It ends when this process does, which holds its standard input.
        WARM_SERVER = subprocess.Popen(
            [
                *(
                    sys.executable,
                    INTERPRETER / "server.py",
                    ENVIRONMENT["WARM_SOCKET"],
                ),
                *(
                    "cardiograft.*",
                    "pandas",
                ),  # which pyarrow imports when it is first used
            ],
            stdin=subprocess.PIPE,
            # It may outlive this process, and its folder is in use as long.
            pass_fds=[WARM_LOCK],
            # Of Arrow's allocators one begins a thread, which no fork would have.
            env={
                **os.environ,
                **{name: str(value) for name, value in ENVIRONMENT.items()},
                "JE_ARROW_MALLOC_CONF": "background_thread:false",
            },
        )
