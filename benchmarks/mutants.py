"""Mutation testing: would the tests notice a wrong sign, a wrong constant, a term left out?

    uv run python -m benchmarks.mutants rules              # a seeded sample of mutants of the rules
    uv run python -m benchmarks.mutants statistics --sample 120 --seed 3
    uv run python -m benchmarks.mutants rules --only "stocks.py next_capacity" --all

A mutant is a source with one expression changed. The test files of that source are run against it until one test fails:
the mutant is killed. What survives is shown as "was -> became", and is either a test to be written or no change at all
(benchmarks/equivalent_mutants.toml, by hand, each with its reason). No file is touched: the tests are imported once, and
each mutant lives in a fork of that process, where its functions have been given the changed code. Rules run uncompiled.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import copy
import importlib
import inspect
import os
import random
import select
import signal
import sys
import tempfile
import time
import tomllib
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
EQUIVALENT = Path(__file__).with_name("equivalent_mutants.toml")
#: Per kind of source: which tests hold each file, the nearest first.
GROUPS: dict[str, dict[str, tuple[str, ...]]] = {
    "rules": dict.fromkeys(
        ["simulation/indicators.py", *(f"simulation/rules/{name}.py" for name in (
            "adoption", "calls", "numbers", "outcomes", "regimes", "stocks", "thresholds", "uptake", "willingness"))],
        ("test_rules",)),
    "statistics": {f"experiments/{name}.py": (*tests, "test_statistics_by_hand", "test_statistics_at_their_limits")
                   for name, tests in {
        "paired": ("test_compare",), "estimates": (), "precision": ("test_precision",), "indices": ("test_sensitivity",),
        "residence": ("test_residence",), "early_warning": ("test_early_warning",), "tipping": ("test_tipping",),
        "hysteresis": ("test_tipping",), "discovery": ("test_boxes_by_hand", "test_discovery"),
        "adopters/statistics": ("test_adopter_statistics",), "adopters/survival": ("test_adopter_survival",),
        "adopters/curves": ("test_curves",), "adopters/scores": ()}.items()},
}
#: A mutant that takes longer than this many seconds hangs, which is noticed too.
PATIENCE = 180.0
ARITHMETIC: dict[type, type] = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult,
                                ast.FloorDiv: ast.Div, ast.Mod: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
                                ast.MatMult: ast.Mult}
COMPARISONS: dict[type, tuple[type, ...]] = {  # the boundary, then the other side
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE), ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,), ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,)}
NAMES = {a: b for one, other in (
    ("min", "max"), ("minimum", "maximum"), ("fmin", "fmax"), ("nanmin", "nanmax"), ("argmin", "argmax"), ("any", "all"),
    ("floor", "ceil"), ("sin", "cos"), ("log1p", "log"), ("expm1", "exp"), ("mean", "median"), ("nanmean", "nanmedian"),
    ("sum", "max"), ("cumsum", "cumprod"), ("std", "var"), ("zeros", "ones"), ("left", "right")
) for a, b in ((one, other), (other, one))} | {"min": "max", "max": "min"}


@dataclass(frozen=True)
class Mutant:
    """One change: the file, the line, the function, the text before and after; `number` finds it in the file again."""

    file: str
    number: int
    line: int
    function: str
    was: str
    became: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.function}: {self.was}  ->  {self.became}"


# ---------------------------------------------------------------- what can be changed

def changes(node: ast.AST) -> Iterator[ast.AST]:
    """Every node that may stand in the place of this one."""
    match node:
        case ast.BinOp(left, op, right):
            if type(op) in ARITHMETIC:
                yield ast.BinOp(left, ARITHMETIC[type(op)](), right)
            yield left  # a term or factor left out
            if not isinstance(op, ast.Pow | ast.Mod | ast.FloorDiv):
                yield right
        case ast.UnaryOp(ast.USub() | ast.Not() | ast.Invert(), operand):
            yield operand
        case ast.Compare(left, [op], [right]):
            for other in COMPARISONS[type(op)]:
                yield ast.Compare(left, [other()], [right])
        case ast.Compare(left, ops, rights):
            for k, op in enumerate(ops):
                for other in COMPARISONS[type(op)]:
                    yield ast.Compare(left, [*ops[:k], other(), *ops[k + 1:]], rights)
        case ast.BoolOp(op, parts):
            yield ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), parts)
            for k in range(len(parts)):
                rest = [*parts[:k], *parts[k + 1:]]
                yield rest[0] if len(rest) == 1 else ast.BoolOp(op, rest)
        case ast.IfExp(_, body, orelse):
            yield body
            yield orelse
        case ast.Constant(bool() as value):
            yield ast.Constant(not value)
        case ast.Constant(int() as value):
            yield ast.Constant(value + 1)
            if value > 0:
                yield ast.Constant(value - 1)
        case ast.Constant(float() as value) if not 0 < value < 1e-8:  # half a tolerance is a tolerance
            yield ast.Constant(value * 1.01 if value else 0.01)  # a small nudge
            yield ast.Constant(value / 2 if value else 1.0)
        case ast.Constant(str() as value) if value in ("left", "right"):
            yield ast.Constant(NAMES[value])
        case ast.Call(ast.Name(name), args, keywords) if name in NAMES:
            yield ast.Call(ast.Name(NAMES[name], ast.Load()), args, keywords)
        case ast.Call(ast.Attribute(value, name), args, keywords) if name in NAMES:
            yield ast.Call(ast.Attribute(value, NAMES[name], ast.Load()), args, keywords)
        case ast.If(test, body, orelse) if not (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING"):
            yield ast.If(ast.UnaryOp(ast.Not(), test), body, orelse)
        case ast.AugAssign(target, op, value) if type(op) in ARITHMETIC:
            yield ast.AugAssign(target, ARITHMETIC[type(op)](), value)
            yield ast.Pass()


#: Parts of a tree that are no statistics: texts, types, what refuses a bad input, how classes are made.
def _skipped(parent: ast.AST, name: str) -> bool:
    return (isinstance(parent, ast.Raise | ast.JoinedStr | ast.Import | ast.ImportFrom | ast.Assert)
            or (isinstance(parent, ast.keyword) and parent.arg == "strict")  # two lists of unequal length
            or name in ("annotation", "returns", "decorator_list", "type_params"))


def places(tree: ast.AST) -> Iterator[tuple[ast.AST, str, int | None, ast.AST, str]]:
    """(parent, field, index in the field's list, node, function) of every node that may be changed, in order."""
    def walk(parent: ast.AST, function: str) -> Iterator[tuple[ast.AST, str, int | None, ast.AST, str]]:
        for name, value in ast.iter_fields(parent):
            if _skipped(parent, name):
                continue
            for k, node in enumerate(value if isinstance(value, list) else [value]):
                if isinstance(node, ast.AST):
                    yield parent, name, k if isinstance(value, list) else None, node, function
                    inner = node.name if isinstance(node, ast.FunctionDef | ast.ClassDef) else function
                    yield from walk(node, inner)
    yield from walk(tree, "")


def _text(node: ast.AST) -> str:
    first = ast.unparse(ast.fix_missing_locations(copy.deepcopy(node))).splitlines()[0]
    return first if len(first) <= 160 else first[:157] + "..."


@cache
def _source(file: str) -> str:
    """As it was first read: a file that changes meanwhile would have other mutants."""
    return (ROOT / file).read_text(encoding="utf-8")


def mutants(file: str) -> Iterator[tuple[Mutant, ast.AST]]:
    """Every mutant of a file, with its whole tree."""
    tree = ast.parse(_source(file))
    number = 0
    for parent, name, k, node, function in places(tree):
        for other in changes(node):
            was, became = _text(node), _text(other)
            around = parent
            if isinstance(around, ast.expr) and isinstance(node, ast.Constant | ast.UnaryOp):  # a bare 0.2 says nothing
                was = f"{was} in {_text(around)}"
            if k is None:
                setattr(parent, name, other)
            else:
                getattr(parent, name)[k] = other
            yield Mutant(file, number, getattr(node, "lineno", 0), function, was, became), tree
            if k is None:
                setattr(parent, name, node)
            else:
                getattr(parent, name)[k] = node
            number += 1


def listed(group: str, only: str = "") -> list[Mutant]:
    """Every mutant of a group, less those that a reader found to be no change at all."""
    with EQUIVALENT.open("rb") as file:
        same = tomllib.load(file)["equivalent"]

    def equivalent(one: Mutant) -> bool:
        return any(each["file"] == one.file and each.get("function", one.function) == one.function
                   and (one.was.startswith(each["was"][:-1]) if each["was"].endswith("*") else one.was == each["was"])
                   and one.became in each.get("became", [one.became]) for each in same)

    return [one for source in GROUPS[group] for one, _ in mutants(source)
            if only in f"{one.file} {one.function}" and not equivalent(one)]


# ---------------------------------------------------------------- one mutant, one process

def _functions(space: Any, module: str) -> Iterator[tuple[str, Any]]:
    """(qualified name, plain function) of a module's own functions and methods, through properties and caches."""
    for name, thing in vars(space).items():
        thing = getattr(thing, "fget", None) or getattr(thing, "__func__", thing)
        thing = inspect.unwrap(thing) if callable(thing) and not inspect.isclass(thing) else thing
        if getattr(thing, "__module__", "") != module:
            continue
        if inspect.isclass(thing):
            yield from _functions(thing, module)
        elif inspect.isfunction(thing):
            yield thing.__qualname__, thing
        elif name and hasattr(thing, "py_func"):
            raise LookupError(f"{name} is compiled")


def _module(file: str) -> str:
    return "letsdance." + file[:-3].replace("/", ".")


def put(mutant: Mutant) -> None:
    """Give the functions of the module, as everybody has imported it, the code of the mutant's."""
    from numba.core import caching

    name = _module(mutant.file)
    module = importlib.import_module(name)
    changed = types.ModuleType(name)
    changed.__file__ = module.__file__
    tree: Any = next(copy.deepcopy(tree) for one, tree in mutants(mutant.file) if one.number == mutant.number)
    before, sys.modules[name] = sys.modules[name], changed
    try:
        exec(compile(ast.fix_missing_locations(tree), str(ROOT / mutant.file), "exec"), changed.__dict__)
    finally:
        sys.modules[name] = before
    for compiled in [thing for thing in vars(module).values() if hasattr(thing, "py_func")]:
        compiled._cache = caching.NullCache()  # on disk are callers that were compiled with the function as it was
    new = dict(_functions(changed, name))
    for label, function in _functions(module, name):
        if label in new:
            function.__code__ = new[label].__code__
            function.__defaults__, function.__kwdefaults__ = new[label].__defaults__, new[label].__kwdefaults__
    for label, thing in vars(changed).items():  # constants, also where others have imported them by name
        if label.startswith("__") or callable(thing) or inspect.ismodule(thing):
            continue
        old = vars(module).get(label)
        for other in [other for other in list(sys.modules.values()) if vars(other).get(label) is old]:
            setattr(other, label, thing)


class Watch:
    """Which functions of the changed files a test enters, and how long it takes: {test: (seconds, {(file, line), ...})}."""

    def __init__(self, files: set[str]) -> None:
        self.found: dict[str, tuple[float, set[tuple[str, int]]]] = {}
        self._paths = {str(importlib.import_module(_module(file)).__file__): file for file in files}
        self._entered: set[tuple[str, int]] = set()
        tool, events = sys.monitoring.PROFILER_ID, sys.monitoring.events
        sys.monitoring.use_tool_id(tool, "mutants")
        sys.monitoring.register_callback(tool, events.PY_START, self._enters)
        sys.monitoring.set_events(tool, events.PY_START)

    def _enters(self, code: types.CodeType, _: int) -> Any:
        if code.co_filename not in self._paths:
            return sys.monitoring.DISABLE
        self._entered.add((self._paths[code.co_filename], code.co_firstlineno))
        return None

    @contextlib.contextmanager
    def __call__(self, test: str) -> Iterator[None]:
        self._entered, began = set(), time.monotonic()
        yield
        self.found[test] = time.monotonic() - began, self._entered


@cache
def _around(file: str, line: int) -> range:
    """The lines of the outermost function that a line stands in; none where it stands in no function."""
    for node in ast.walk(ast.parse(_source(file))):  # the outermost come first
        if isinstance(node, ast.FunctionDef):
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            if first <= line <= (node.end_lineno or first):
                return range(first, (node.end_lineno or first) + 1)
    return range(0)


class Mill:
    """In the place of pytest's loop over the tests: for every mutant a fork that runs them until one fails."""

    def __init__(self, group: str, chosen: list[Mutant], workers: int, until: float,
                 tell: Callable[[Mutant | None, str], None]) -> None:
        self.group, self.chosen, self.workers, self.until, self.tell = group, chosen, workers, until, tell
        self.failed = ""
        self.known: dict[str, tuple[float, set[tuple[str, int]]]] = {}

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed and not self.failed:
            self.failed = report.nodeid.split("/")[-1]

    def _ordered(self, mutant: Mutant, items: list[Any]) -> list[Any]:
        """All tests: first those that entered the changed function without a mutant, the quickest of these first."""
        lines = _around(mutant.file, mutant.line)

        def when(item: Any) -> tuple[bool, float]:
            seconds, entered = self.known.get(item.nodeid, (0.0, set()))
            return not any(file == mutant.file and line in lines for file, line in entered), seconds

        return sorted(items, key=when)

    def _run(self, mutant: Mutant | None, items: list[Any]) -> str:
        """The first test that fails, or "" and, without a mutant, what each test entered."""
        watch = None
        if mutant is not None:
            put(mutant)
            items = self._ordered(mutant, items)
        else:
            watch = Watch(set(GROUPS[self.group]))
        for item, following in zip(items, [*items[1:], None]):
            with watch(item.nodeid) if watch else contextlib.nullcontext():
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self.failed:
                return self.failed
        return repr(watch.found) if watch else ""

    def _begin(self, mutant: Mutant | None, items: list[Any]) -> tuple[int, int]:
        """A fork that runs the tests: (process, where it says how they ended)."""
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.setsid()
            said = "the import"
            try:
                said = self._run(mutant, items)
            except BaseException as error:
                said = type(error).__name__
            finally:
                with os.fdopen(write, "w") as out:
                    out.write(f"={said}\n")
                os._exit(0)
        os.close(write)
        return child, read

    def _end(self, child: int, read: int, hangs: bool) -> str:
        """Why the mutant is killed, "" where it is not."""
        with os.fdopen(read) as heard:
            said = "=hangs" if hangs else heard.readline().rstrip("\n")
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return said[1:] if said else "crashes"

    def _looked(self, items: list[Any]) -> dict[str, tuple[float, set[tuple[str, int]]]]:
        """What each test enters without a mutant; kept for the next sample of the same sources and tests."""
        known: dict[str, tuple[float, set[tuple[str, int]]]] = {}
        for path in dict.fromkeys(item.path for item in items):
            files = [path, *(ROOT / file for file in GROUPS[self.group])]
            told = sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
            kept = Path(tempfile.gettempdir()) / f"letsdance-mutants-{path.stem}-{told}"
            if not kept.exists():
                found = self._end(*self._begin(None, [item for item in items if item.path == path]), hangs=False)
                if not found.startswith("{"):
                    self.tell(None, found)
                kept.write_text(found, encoding="utf-8")
            known |= ast.literal_eval(kept.read_text(encoding="utf-8"))
        return known

    def pytest_runtestloop(self, session: Any) -> bool:
        self.known = self._looked(session.items)
        waiting, under_way = list(reversed(self.chosen)), dict[int, tuple[Mutant, int, float]]()
        while under_way or (waiting and time.monotonic() < self.until):
            while waiting and len(under_way) < self.workers and time.monotonic() < self.until:
                mutant = waiting.pop()
                held = [item for item in session.items if item.path.stem in GROUPS[self.group][mutant.file]]
                child, read = self._begin(mutant, held)
                under_way[read] = mutant, child, time.monotonic() + PATIENCE
            ready, _, _ = select.select(list(under_way), [], [], 1.0)
            for read, (mutant, child, until) in list(under_way.items()):
                if read in ready or time.monotonic() > until:
                    del under_way[read]
                    self.tell(mutant, self._end(child, read, hangs=read not in ready))
        return True


def _mill(group: str, chosen: list[Mutant], workers: int, until: float, tell: Callable[[Mutant | None, str], None]) -> None:
    """The mutants, one after another until it is so late, in a process of its own: it imports the tests once."""
    import pytest

    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    tests = dict.fromkeys(test for held in GROUPS[group].values() for test in held)
    code = pytest.main(["-n", "0", "-p", "no:cacheprovider", *(str(ROOT / f"tests/{test}.py") for test in tests)],
                       plugins=[Mill(group, chosen, workers, until, tell)])
    if code not in (0, 5):
        tell(None, f"pytest ends with {code!r}")


def main() -> None:
    asked = argparse.ArgumentParser(prog="python -m benchmarks.mutants", description=(__doc__ or "").split("\n\n")[0])
    asked.add_argument("group", choices=GROUPS)
    asked.add_argument("--sample", type=int, default=120, help="how many mutants (120)")
    asked.add_argument("--seed", type=int, default=1, help="which sample")
    asked.add_argument("--only", default="", help="only where FILE FUNCTION has this in it")
    asked.add_argument("--all", action="store_true", help="every mutant, no sample")
    asked.add_argument("--workers", type=int, default=2, help="mutants at once (2)")
    asked.add_argument("--seconds", type=float, default=float("inf"), help="begin no further mutant after so many")
    asked.add_argument("--skip", type=int, default=0, help="leave out so many of the sample, which were tried before")
    asked.add_argument("--show", action="store_true", help="list, run nothing")
    said = asked.parse_args()
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # forks and threads do not go together
    if said.group == "rules":
        os.environ["NUMBA_DISABLE_JIT"] = "1"
    chosen = listed(said.group, said.only)
    whole = len(chosen)
    if not said.all:
        chosen = random.Random(said.seed).sample(chosen, min(said.sample, whole))[said.skip:]
    if said.show:
        print(*chosen, sep="\n")
        return
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    screen, began = os.dup(1), time.monotonic()
    read, write = os.pipe()

    def tell(mutant: Mutant | None, why: str) -> None:
        if mutant is not None:
            os.write(screen, f"{'killed  ' if why else 'SURVIVED'} {mutant}{f'   [{why}]' if why else ''}\n".encode())
            os.write(write, b"k" if why else b"s")
        elif why:
            os.write(screen, f"These tests fail without any mutant: {why}\n".encode())
            os._exit(1)

    child = os.fork()
    if child == 0:
        _mill(said.group, chosen, said.workers, began + said.seconds, tell)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        sys.exit("No verdict.")
    os.close(write)
    verdicts = os.read(read, 65536)
    killed, tried = verdicts.count(b"k"), len(verdicts)
    print(f"\n{said.group}: {killed} of {tried} sampled mutants killed ({killed / max(tried, 1):.1%}; sample of seed "
          f"{said.seed} from {whole:,}), {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
