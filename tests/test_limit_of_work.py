"""Whatever the dashboard computes has the one limit of work: no page, download or check runs the model unasked."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from letsdance.dashboards import compute
from letsdance.dashboards.limits import check_size
from letsdance.dashboards.pages import town
from letsdance.dashboards.state import View
from letsdance.params import Refused
from letsdance.room import agenda as agendas
from letsdance.room.inputs import HOST, Input
from letsdance.room.state import Room
from letsdance.scenarios.policy import Policy
from letsdance.words import Text

ROOT = Path(__file__).parents[1]
#: What makes runs, at the bottom: (module, name).
ENGINES = {("simulation.society", "Society"), ("simulation.run", "run_seeds")}
#: What refuses what is too much.
LIMITS = {"check_work", "check_size"}


def names_of(module: str, tree: ast.Module) -> dict[str, tuple[str, str]]:
    """Where each name of a file comes from: name -> (module, name there)."""
    own = {node.name: (module, node.name) for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    return own | {one.asname or one.name: ((node.module or "").removeprefix("letsdance."), one.name)
                  for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for one in node.names}


def used(node: ast.AST) -> set[str]:
    """Names that a piece of code uses, not those of attributes."""
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


@cache
def running() -> set[tuple[str, str]]:
    """Every function and class of simulation/ and experiments/ that makes runs, itself or by what it uses."""
    known: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for folder in ("simulation", "experiments"):
        for file in (ROOT / folder).rglob("*.py"):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            module = ".".join(file.relative_to(ROOT).with_suffix("").parts)
            names = names_of(module, tree)
            for node in tree.body:
                data = any("dataclass" in ast.unparse(one) for one in getattr(node, "decorator_list", ()))
                data = data and not any(getattr(one, "name", "") == "run" for one in node.body)
                if isinstance(node, ast.FunctionDef | ast.ClassDef) and not data:  # what holds results runs nothing
                    known[module, node.name] = {names[name] for name in used(node) & set(names)}
    found = set(ENGINES)
    while more := {name for name, uses in known.items() if uses & found} - found:
        found |= more
    return found


def called(node: ast.AST) -> set[str]:
    return {call.func.id if isinstance(call.func, ast.Name) else call.func.attr for call in ast.walk(node)
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name | ast.Attribute)}


def computing() -> dict[str, set[str]]:
    """"file.function" of dashboards/ that makes runs -> what it calls; of a class that is one, its method `run`."""
    makes, found = running(), {}
    packages = {("simulation", "simulate")}  # by the package's own name
    for file in (ROOT / "dashboards").rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        names = {name for name, where in names_of("", tree).items() if where in makes | packages}
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and used(node) & called(node) & names:
                found[f"{file.stem}.{node.name}"] = called(node)
            if isinstance(node, ast.ClassDef) and names & {one.id for one in node.bases if isinstance(one, ast.Name)}:
                runs = next(one for one in node.body if isinstance(one, ast.FunctionDef) and one.name == "run")
                found[f"{file.stem}.{node.name}.run"] = called(runs)  # such as a laboratory, all of whose runs are its own
    return found


def test_every_path_that_computes_asks_the_limit():
    known = {name for _, name in running()}
    assert {"simulate", "CoCreationModel", "basins", "tipping", "residence", "Laboratory"} <= known
    paths = computing()
    assert {"compute.extended", "town.quarters", "town.made", "map.basin_map", "map.tipping_diagram", "map.stays",
            "charts_late_adopters.reasons", "confidence._Watched.run"} <= set(paths)
    unlimited = {path for path, calls in paths.items() if not calls & LIMITS}
    assert not unlimited, unlimited


HUGE = "name,citizens\nA,100000000\n"
#: Small as they are, so many take minutes and gigabytes.
MANY = "name,citizens\n" + "".join(f"a{k},1\n" for k in range(40_000))


@pytest.mark.parametrize(("what", "kind"), [("picture", "svg"), ("picture", "png"), ("municipalities", "csv"),
                                            ("municipalities", "parquet"), ("initiatives", "csv")])
def test_a_town_of_a_hundred_million_is_refused_in_every_download(what, kind):
    view = View("town", Policy.of("lone_ranger", "x"), places=HUGE)
    run = town.Run.of(view, "full", compute.Token())
    with pytest.raises(Refused, match="100,000,000 citizens x 60 quarters x"):
        town.made(run, False, 8, what, kind, Text("en"))


@pytest.mark.parametrize(("municipalities", "runs", "fits"), [
    (40, 300, True), (342, 300, True), (20_000, 20, True), (40_000, 20, False), (10_000, 100, False)])
def test_a_municipality_counts_however_few_live_there(municipalities, runs, fits):
    if fits:
        check_size(municipalities, municipalities, 60, runs)
        return
    with pytest.raises(Refused, match=f"{municipalities:,} municipalities x 60 quarters x {runs} runs is more") as refused:
        check_size(municipalities, municipalities, 60, runs)
    most = int(re.search(r"([\d,]+) would fit", str(refused.value))[1].replace(",", ""))
    check_size(most, most, 60, runs)
    with pytest.raises(Refused):
        check_size(most + 1, most + 1, 60, runs)


def test_a_table_of_many_small_towns_is_refused_on_a_page_and_in_the_room():
    view = View("data", Policy.of("lone_ranger", "x"), places=MANY)
    with pytest.raises(Refused, match="40,000 municipalities x 60 quarters x 20 runs"):
        next(compute.pairs(view, compute.Token()))
    room = Room("ABCDE", agendas.load("60"))
    with pytest.raises(Refused, match="40,000 municipalities x 60 quarters x 20 runs"):
        room.take(Input(HOST, "input-0001", "places", {"text": MANY}, 1.0))


def test_a_town_of_a_hundred_million_is_refused_by_runs_and_pairs():
    view = View("data", Policy.of("lone_ranger", "x"), places=HUGE)
    for ask in (lambda: next(compute.pairs(view, compute.Token())),
                lambda: compute.results({"x": view.policy}, view, compute.Token())):
        with pytest.raises(Refused, match="more than a page computes"):
            ask()
