"""Run a script as ``python script.py arguments`` would, in a fork of the warm interpreter.

``python -IS client.py SOCKET script.py arguments``; where nobody answers at SOCKET, in a Python of
its own. Signals reach the job, and its exit status, or the signal that ended it, is this process's.
"""

import json
import os
import signal
import socket
import struct
import sys

NUMBER = struct.Struct("!i")


def ask(path, words):
    """Return a connection to the job that was begun and its process number; none if none was."""
    server = socket.socket(socket.AF_UNIX)
    try:
        server.connect(path)
    except OSError:
        return None
    request = {
        "script": words[0],
        "arguments": words[1:],
        "folder": os.getcwd(),  # noqa: PTH109  (pathlib would take longer than all else)
        "environment": dict(os.environ),
    }
    message = json.dumps(request).encode() + b"\n"
    sent = socket.send_fds(server, [message[: 1 << 14]], [0, 1, 2])
    server.sendall(message[sent:])
    return server, number(server)


def number(server):
    """Receive four bytes; status 1 where the server went away."""
    received = server.recv(NUMBER.size, socket.MSG_WAITALL)
    if len(received) < NUMBER.size:
        sys.exit("the interpreter that ran this job was killed")
    return NUMBER.unpack(received)[0]


def main(path, words):
    """Run the job, and end as it ends."""
    begun = ask(path, words)
    if begun is None:
        os.execv(sys.executable, [sys.executable, *words])
    server, process = begun
    for passed in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(passed, lambda received, _: os.kill(process, received))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # from a terminal the job receives it itself
    status = number(server)
    if status < 0:
        if -status not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    sys.exit(status)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
