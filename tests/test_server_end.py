"""Ctrl+C: the server is gone within two seconds, whatever runs."""

from __future__ import annotations

import logging
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from browser import COMMAND as COMMAND_LINE
from browser import Server, free_port

from letsdance.dashboards import guard

#: Seconds within which the process is gone.
_MOST = 2.0
#: What may be under way, all at once: code that starts it in the server's process.
BUSY = {
    "compiled code that never looks up": """
import numba, threading
@numba.njit(nogil=True)
def turn(n):
    k = 0
    while k >= 0:
        k = (k + n) % 1000003
    return k
turn.compile("int64(int64)")
for _ in range(2):
    threading.Thread(target=turn, args=(1,)).start()
""",
    "a pool of busy threads": """
from concurrent.futures import ThreadPoolExecutor
pool = ThreadPoolExecutor(2)
def turn():
    while True:
        sum(range(1000))
for _ in range(4):
    pool.submit(turn)
""",
    "processes of its own": """
import multiprocessing, subprocess, time
one = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(600,))
one.start()
open(FOLDER + "/child", "w").write(str(one.pid))
""",
    "an end that waits": """
import atexit, threading, time
atexit.register(time.sleep, 600)
threading.Thread(target=time.sleep, args=(600,)).start()
""",
    "a session that is locked": """
import threading, time
from solara.server import kernel_context
from solara.server.kernel import Kernel
def hold():
    one = kernel_context.VirtualKernelContext(id="locked-kernel", session_id="x", kernel=Kernel())
    kernel_context.contexts[one.id] = one
    with one.lock:
        time.sleep(600)
threading.Thread(target=hold).start()
""",
}
#: Starts the dashboard, and what is under way as soon as it answers.
COMMAND = """
import threading, time, urllib.request
FOLDER = {folder!r}
def busy():
    while True:
        try:
            urllib.request.urlopen("http://127.0.0.1:{port}/readyz").close()
            break
        except OSError:
            time.sleep(0.05)
    time.sleep(0.2)
    for code in {codes!r}:
        exec(code, dict(globals()))
    open(FOLDER + "/busy", "w").close()
if __name__ == "__main__":
    threading.Thread(target=busy, daemon=True).start()
    from letsdance.commands.main import main
    main()
"""


def alive(pid: int) -> bool:
    """Whether a process runs."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def gone_after(process: subprocess.Popen, number: int) -> float:
    """Seconds until a process is gone after a signal."""
    began = time.monotonic()
    process.send_signal(number)
    process.wait(30)
    return time.monotonic() - began


def test_ctrl_c_ends_it_whatever_runs(tmp_path):
    port = free_port()
    script = tmp_path / "serve.py"
    script.write_text(COMMAND.format(folder=str(tmp_path), port=port, codes=list(BUSY.values())))
    server = Server([str(script), "dashboard", "--port", str(port), "--no-browser"], port, tmp_path / "log.txt")
    try:
        server.wait()
        until = time.monotonic() + 60
        while not (tmp_path / "busy").exists():
            assert time.monotonic() < until, server.log.read_text()
            time.sleep(0.05)
        child = int((tmp_path / "child").read_text())
        assert alive(child)
        assert gone_after(server.process, signal.SIGINT) < _MOST
        assert server.process.returncode == 0
        time.sleep(0.1)
        assert not alive(child)
    finally:
        server.stop()
    assert "Traceback" not in server.log.read_text()


@pytest.mark.parametrize("later", [0.0, 1.5])
def test_ctrl_c_is_heard_while_it_starts(tmp_path, later):
    port = free_port()
    server = Server([*COMMAND_LINE, "dashboard", "--port", str(port), "--no-browser"], port, tmp_path / "log.txt")
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()  # before anything long is loaded
            break
        except OSError:
            time.sleep(0.01)
    time.sleep(later)
    assert gone_after(server.process, signal.SIGINT) < _MOST
    server.stop()
    assert server.log.read_text() == "" or re.fullmatch(r"The dashboard is at \S+ \(stop it .*\n", server.log.read_text())


def test_a_socket_that_went_while_it_was_written_to_is_not_told():
    def told(error):
        try:
            raise error
        except RuntimeError:
            return guard._told(logging.LogRecord("solara", logging.ERROR, "", 1, "", (), sys.exc_info()))

    assert not told(RuntimeError("This portal is not running"))
    assert told(RuntimeError("something else"))
    assert guard._told(logging.LogRecord("solara", logging.ERROR, "", 1, "no exception", (), None))
