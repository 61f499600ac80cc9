"""Runs a command that ends with its parent, however the parent ends, on any POSIX system.

    python leash.py SIGNAL GRACE COMMAND...

Standard input is the leash: the parent holds its other end, which closes when the parent releases
it or dies, even by `kill -9`. Then the command gets SIGNAL, and after GRACE seconds SIGKILL.
"""

import os
import signal
import subprocess
import sys
import threading


def main() -> int:
    """Run the command and return its exit code."""
    stop, grace, *command = sys.argv[1:]
    # Not close_fds: the command also holds the lock of DATA_DIR until the last of us has ended.
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, close_fds=False)  # noqa: S603
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: child.send_signal(int(stop)))
    threading.Thread(
        target=_end_with_parent, args=(child, int(stop), float(grace)), daemon=True
    ).start()
    return child.wait()


def _end_with_parent(child: "subprocess.Popen[bytes]", stop: int, grace: float) -> None:
    # Not through sys.stdin: the interpreter cannot exit while another thread holds its lock.
    while os.read(sys.stdin.fileno(), 4096):
        pass
    child.send_signal(stop)
    try:
        child.wait(grace)
    except subprocess.TimeoutExpired:
        child.kill()


if __name__ == "__main__":
    sys.exit(main())
