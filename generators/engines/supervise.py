"""Run a command and make sure that nothing of it outlives whoever started this.

`python supervise.py GRACE COMMAND...`, with a pipe as standard input. The command gets a
process group of its own. When it ends, its status is passed on; when the pipe closes,
which it does however the parent dies (SIGKILL included), or on SIGTERM or SIGINT, the whole
group is asked to stop and, after GRACE seconds, killed. A vLLM that outlived a killed run
would hold the GPU's memory and the next run could not start.

Standard library only, and no import of casewright: it starts in a few milliseconds.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time

GRACE_S = 15.0


def _stop_group(child: subprocess.Popen[bytes], grace: float) -> None:
    for sign, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, 5.0)):
        try:
            os.killpg(child.pid, sign)
        except ProcessLookupError:
            return
        until = time.monotonic() + patience
        while time.monotonic() < until:
            child.poll()  # reaps the leader, so that the group can become empty
            try:
                os.killpg(child.pid, 0)
            except ProcessLookupError:
                return
            time.sleep(0.05)


def main(grace: float, command: list[str]) -> int:
    """Run `command` until it ends or standard input closes; return its exit status."""
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write)
    for sign in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(sign, lambda *_: None)  # the wake-up pipe tells; nothing to do here
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        while child.poll() is None:
            ready, _, _ = select.select([0, wake_read], [], [])
            if wake_read in ready:
                if set(os.read(wake_read, 64)) - {signal.SIGCHLD}:
                    break
            elif os.read(0, 1024) == b"":
                break
    finally:
        _stop_group(child, grace)
    status = child.wait()
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2:]))
