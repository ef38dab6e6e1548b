"""Pieces of long work: made by an executor, kept in a file as they are done, in the same order whatever ended first.

    list(Pieces(keep="found.jsonl", head=lambda: {"seed": 1}).map(work, [("piece 0", 0), ("piece 1", 1)]))

A task is a tuple whose first item is the name it is kept by, its own among those given together. What work makes of it is
numbers, texts, arrays, lists and mappings of these, so that a line of JSON holds it to the last bit; it must depend on the
task alone. The same words go on with a file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from letsdance.experiments import executors
from letsdance.experiments.executors import ExecutorLike
from letsdance.params import Refused, Said, check_whole, files
from letsdance.scenarios import Scenario, mechanism

#: A piece of work: its name, and whatever else it is made of.
type Task = tuple[Any, ...]


class Kept:
    """A file of what was done, a line a piece; without a file, nothing is kept."""

    def __init__(self, file: str | Path | None, head: Mapping[str, Any]) -> None:
        self.file = None if file is None else files.named(file, "--keep")
        self.stored: dict[str, Any] = {}
        if self.file is None:
            return
        begun = {"rules": executors.rules(), **json.loads(json.dumps(head))}
        if not self.file.exists():
            self.file.write_text(json.dumps(begun) + "\n", encoding="utf-8")
            return
        text = files.text(self.file, Said("name another file"))
        lines = text.splitlines()
        try:
            first = json.loads(lines[0])
        except (ValueError, IndexError):
            first = None
        if first != begun:
            raise Refused("{file} was begun by another command (of other scenarios, worlds, seeds, municipalities or "
                          "version); give another file.", file=self.file)
        for line in lines[1:]:
            try:
                self.stored.update([json.loads(line)])
            except ValueError:  # the last one was cut off
                continue
        if not text.endswith("\n"):
            with self.file.open("a", encoding="utf-8") as out:
                out.write("\n")

    def write(self, found: Mapping[str, Any]) -> None:
        """Add what was done."""
        if self.file is not None and found:
            with self.file.open("a", encoding="utf-8") as out:
                out.writelines(json.dumps([name, said], default=lambda values: values.tolist()) + "\n"
                               for name, said in found.items())


class Pieces:
    """What makes pieces of work: threads of this process unless an executor is named (`executors.choose`); and where they
    are kept. head: says all that their numbers depend on beside their names and the version of the model."""

    def __init__(self, threads: int | None = None, executor: ExecutorLike = None, keep: str | Path | None = None,
                 head: Callable[[], Mapping[str, Any]] | None = None) -> None:
        count = None if threads is None else check_whole("threads", threads, 1, 1024)
        self.runner = executors.choose(executor or "threads", 0, count)
        if isinstance(self.runner, executors.Dask):
            self.runner.check()
        self.kept = Kept(keep, head() if keep is not None and head is not None else {})

    def map(self, work: Callable[[Task], Any], tasks: Iterable[Task],
            progress: Callable[[Task], None] | None = None) -> Iterator[Any]:
        """work(task) of each, in order. progress: hears of each as it ends."""
        wanted = list(tasks)
        todo = [task for task in wanted if task[0] not in self.kept.stored]
        done: dict[str, Any] = {}
        if progress:
            for task in wanted:
                if task[0] in self.kept.stored:
                    progress(task)
        with closing(self.runner.results(work, todo)) as stream:
            for task in wanted:
                while task[0] not in self.kept.stored and task[0] not in done:
                    ended, said = next(stream)
                    done[ended[0]] = said
                    self.kept.write({ended[0]: said})
                    if progress:
                        progress(ended)
                yield done.pop(task[0]) if task[0] in done else self.kept.stored[task[0]]


def sources(several: Sequence[Scenario], more: Iterable[object] = ()) -> dict[str, str]:
    """The hashes of the mechanisms that scenarios, or worlds of `more` mechanisms, run with."""
    named = [*(one for scenario in several for one in scenario.mechanisms), *mechanism.everywhere(),
             *(mechanism.load(one) for one in more if isinstance(one, str) and one)]
    return {one.name: one.hash for one in named}
