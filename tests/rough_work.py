"""Work that ends, hangs or refuses in processes of its own; apart, for what is imported here each process imports anew."""

from __future__ import annotations

import os
import signal
import time
from multiprocessing.connection import Connection

from letsdance.experiments import executors
from letsdance.params import Refused


def die(task):
    os.kill(os.getpid(), signal.SIGKILL)


def ten_megabytes(place, task):
    """10 MB; the first process to come here is killed in the middle of its answer."""
    try:
        (place / "killed").touch(exist_ok=False)
    except FileExistsError:
        return bytes([task]) * 10_000_000

    def half(self, buffer):
        os.write(self.fileno(), bytes(buffer)[:len(buffer) // 2])
        os.kill(os.getpid(), signal.SIGKILL)

    Connection._send = half
    return b""


def complain(task):
    raise Refused("no such town")


def rough(task):
    """Work in which point 2 ends its process and point 4 never ends."""
    done = []
    for point in range(task.point, task.point + len(task.points)):
        executors.go_on(point)
        if point in dict(task.aside):
            done.append((point, dict(task.aside)[point]))
            continue
        if point == 2:
            os._exit(9)
        if point == 4:
            time.sleep(600)
        done.append((point, ""))
    return done
