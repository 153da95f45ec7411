"""One interpreter that has imported the slow libraries, and runs each job as a fork of itself.

Half of a short job is Python importing numpy, pyarrow and torch. A run on one machine imports them
once, here; ``client.py`` asks for a job, and the fork that does it has the client's arguments,
environment, folder and standard streams, and is reaped with its exit status. A job is the same
whether it was forked or started: a script never knows.

Who calls makes a folder for the socket and holds this process's standard input; when that is
closed, also because the caller was killed, no job is taken any more, and the last one ends it.

Protocol, over a Unix socket: the client sends its three streams and one line of JSON (script,
arguments, folder, environment); it receives the job's process number, then its exit status as
`os.waitstatus_to_exitcode` has it, each as four bytes.
"""

import ast
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import shutil
import signal
import socket
import struct
import sys
from pathlib import Path

NUMBER = struct.Struct("!i")


def modules(names: list[str]) -> list[str]:
    """Return modules by name; of a package whose name is followed by ``.*``, all that it holds."""
    listed: list[str] = []
    for name in names:
        package = name.removesuffix(".*")
        listed.append(package)
        if package != name:
            path = importlib.import_module(package).__path__
            listed += [module.name for module in pkgutil.walk_packages(path, f"{package}.")]
    return listed


def imports(script: Path) -> list[str]:
    """Return the modules that a script imports when it is run."""
    names: list[str] = []
    for node in ast.parse(script.read_text("utf-8")).body:
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.append(node.module)
    return names


def serve(listening: socket.socket, stdin: int, folder: Path) -> socket.socket:
    """Fork for each client; return in the fork, with the client's connection.

    `folder`, which holds the socket, is removed at the end.
    """
    poll = select.poll()
    poll.register(stdin, 0)  # its end alone is waited for
    poll.register(listening, select.POLLIN)
    jobs: dict[int, tuple[int, socket.socket]] = {}  # by its pidfd: process, connection
    clients: dict[int, int] = {}  # by its descriptor: process
    taking = True
    while taking or jobs:
        # One at a time: what is done for one may close, or reuse, the descriptor of the next.
        descriptor, event = poll.poll()[0]
        if descriptor == stdin:
            taking = False
            poll.unregister(stdin)
            poll.unregister(listening)
            listening.close()
        elif descriptor in jobs:
            process, client = jobs.pop(descriptor)
            poll.unregister(descriptor)
            if clients.pop(client.fileno(), None) is not None:
                poll.unregister(client)
            _, status = os.waitpid(process, 0)
            os.close(descriptor)
            _tell(client, os.waitstatus_to_exitcode(status))
            client.close()
        elif descriptor in clients:  # killed: as its job would have been without us
            os.kill(clients.pop(descriptor), signal.SIGKILL)
            poll.unregister(descriptor)
        elif taking and event & select.POLLIN:
            client, _ = listening.accept()
            process = os.fork()
            if not process:
                listening.close()
                for other, (_, connection) in jobs.items():
                    os.close(other)
                    connection.close()
                return client
            watched = os.pidfd_open(process)
            jobs[watched] = process, client
            clients[client.fileno()] = process
            poll.register(watched, select.POLLIN)
            poll.register(client, select.POLLRDHUP)
            _tell(client, process)
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def _tell(client: socket.socket, number: int) -> None:
    with contextlib.suppress(OSError):  # it was killed meanwhile
        client.sendall(NUMBER.pack(number))


def become(client: socket.socket) -> str:
    """Take on a client's streams, folder, environment and arguments; return the script's path."""
    message, streams, _, _ = socket.recv_fds(client, 1 << 16, 3)
    while not message.endswith(b"\n"):
        more = client.recv(1 << 20)
        if not more:
            os._exit(1)
        message += more
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    client.close()
    request = json.loads(message)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = [request["script"], *request["arguments"]]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    return str(request["script"])


def main(path: Path, names: list[str]) -> str:
    """Import, then serve at `path`; return, in a fork, the script to run.

    What is imported: what the scripts import, and `names` as `modules` has them.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # from a terminal the jobs receive it themselves
    for script in sorted(Path(os.environ["SCRIPTS"]).glob("*.py")):
        for name in imports(script):
            importlib.import_module(name)
    for name in modules(names):
        with contextlib.suppress(ImportError):  # of a library that not everybody has
            importlib.import_module(name)
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads > 1:
        shutil.rmtree(path.parent, ignore_errors=True)
        sys.exit(f"the libraries began {threads - 1} threads: no fork would have them")
    gc.collect()
    gc.freeze()  # what is there stays where it is, in pages that all jobs share
    listening = socket.socket(socket.AF_UNIX)
    waiting = path.with_suffix(".waiting")
    listening.bind(str(waiting))
    listening.listen(128)
    waiting.rename(path)  # whoever finds it is answered
    return become(serve(listening, sys.stdin.fileno(), path.parent))


if __name__ == "__main__":
    script = main(Path(sys.argv[1]), sys.argv[2:])
    del sys.modules["__main__"]
    runpy.run_path(script, run_name="__main__")
