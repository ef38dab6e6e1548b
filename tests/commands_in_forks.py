"""Run as a program: commands of `letsdance`, each in a fork of this process, which has imported what all of them need.

Reads JSON lines {"words": [...], "folder": "...", "stdout": "file", "full" or "closed"}, answers each with
{"code": ..., "out": ..., "err": ..., "seconds": ...}.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import pkgutil
import signal
import sys
import tempfile
import time
from importlib import import_module

#: A command that takes longer hangs.
PATIENCE = 60


def _stdout(kind: str, file: int) -> int:
    if kind == "full":
        return os.open("/dev/full", os.O_WRONLY)
    if kind == "closed":
        read, write = os.pipe()
        os.close(read)
        return write
    return file


def main_module():
    from letsdance.commands import main

    return main


def given(words: list[str], folder: str, stdout: str = "file") -> dict[str, object]:
    """One command in a folder, with its standard output into a file, into a full disk or into a pipe nobody reads."""
    main = main_module()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began, child = time.monotonic(), os.fork()
        if child == 0:
            code = 99
            try:
                os.chdir(folder)
                os.dup2(_stdout(stdout, out.fileno()), 1)
                os.dup2(err.fileno(), 2)
                signal.alarm(PATIENCE)
                sys.argv = ["letsdance", *words]
                main.main()
            except SystemExit as ended:
                code = ended.code if isinstance(ended.code, int) else 0
            except BaseException:
                import traceback

                traceback.print_exc()
            finally:
                try:  # as Python does at its end, where it says that it could not
                    sys.stdout.flush()
                except OSError:
                    os.write(2, b"Exception ignored in stdout")
                sys.stderr.flush()
                os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        said = []
        for file in (out, err):
            file.seek(0)
            said.append(file.read().decode(errors="replace"))
        return {"code": code, "out": said[0], "err": said[1], "seconds": time.monotonic() - began}


def all_imported() -> None:
    """Everything that some command imports when it is given; each fork would import it again."""
    import letsdance

    for folder in ("params", "scenarios", "simulation", "experiments", "report", "commands"):
        package = import_module(f"{letsdance.__name__}.{folder}")
        for one in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not one.name.endswith("__main__"):
                import_module(one.name)
    for name in ("console", "table", "markup", "progress", "box", "panel", "_log_render", "logging"):
        import_module(f"rich.{name}")
    for name in ("duckdb", "pyarrow.parquet", "pyarrow.dataset", "pandas.io.parquet"):
        import_module(name)


def main() -> None:
    all_imported()
    with tempfile.TemporaryDirectory() as folder:  # in this process, so that what is loaded and compiled is there for all
        for words in sys.argv[1:]:
            sys.argv = ["letsdance", *words.split(), "--out", f"{folder}/{len(os.listdir(folder))}", "--json"]
            with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
                main_module().main()
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(given(**json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
