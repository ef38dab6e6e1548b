"""One rule in the place of another: the engine's phases made again where they call it, everything else as it is.

A rule is a global name in compiled code, so assigning it changes nothing once the loops are compiled. Here every function
of the model that calls a replaced rule, directly or through others, is made a second time with the new one in its names;
the phases that never call it are the house's own and need no compiling.
"""

from __future__ import annotations

import dis
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import pairwise
from types import CodeType, FunctionType, ModuleType
from typing import Any

from letsdance.params import Refused, nearest
from letsdance.scenarios.mechanism import mark_of
from letsdance.simulation import engine, indicators, record
from letsdance.simulation.compiled import numba, rule
from letsdance.simulation.rules import adoption, calls, numbers, outcomes, regimes, stocks, uptake, willingness

#: Where the science stands. A rule is named by its file and its own name: "willingness.willingness_target".
FILES: dict[str, ModuleType] = {module.__name__.rpartition(".")[2]: module for module in (
    adoption, calls, outcomes, regimes, stocks, uptake, willingness)}
_MODEL = (*FILES.values(), numbers, indicators, record, engine)


def names() -> dict[str, Any]:
    """Every rule that can be replaced: "file.rule" -> the function."""
    return {f"{file}.{name}": value for file, module in FILES.items() for name, value in vars(module).items()
            if isinstance(_plain(value), FunctionType) and _plain(value).__module__ == module.__name__
            and not name.startswith("_")}


def engine_with(rules: Mapping[str, Callable[..., object]], owner: str) -> ModuleType:
    """The engine with these rules in the place of the house's: a module with the same names as `simulation.engine`.

    rules: "file.rule" -> a function of the same arguments. Raises `Refused` for a rule that does not exist or whose
    arguments differ. Made once a process.
    """
    known = names()
    for name, function in rules.items():
        if name not in known:
            raise Refused("{owner}: there is no rule {name!r} to replace.{near} A rule is named by its file and its "
                          "name, as willingness.willingness_target.", owner=owner, name=name, near=nearest(name, known))
        if not callable(function):
            raise Refused("{owner}: what replaces {name} must be a function, not {function!r}.", owner=owner, name=name,
                          function=function)
        wanted, given = (list(inspect.signature(_plain(f)).parameters) for f in (known[name], function))
        if wanted != given:
            raise Refused("{owner}: {name} is asked with ({wanted}), so what replaces it must take the same arguments in "
                          "the same order, not ({given}).", owner=owner, name=name, wanted=", ".join(wanted),
                          given=", ".join(given))
    mark = mark_of(rules)[:12]
    if mark not in _MADE:
        _MADE[mark] = _made({id(known[name]): _compiled(function, mark) for name, function in rules.items()}, mark)
    return _MADE[mark]


_MADE: dict[str, ModuleType] = {}


def _plain(function: Any) -> Any:
    return getattr(function, "py_func", function)


def _compiled(function: Any, mark: str) -> Any:
    """A user's rule as the house's are compiled, in a module that is known when what was kept of it is loaded."""
    plain = _plain(function)
    module = ModuleType(f"letsdance.rules_{mark}")
    module.__dict__.update({name: value for name, value in plain.__globals__.items() if not name.startswith("__")})
    sys.modules[module.__name__] = module
    return rule(_renamed(plain, plain.__globals__, mark, module.__name__))


def _renamed(plain: FunctionType, names: dict[str, Any], mark: str, module: str) -> FunctionType:
    """The same code with other globals. The compiler keeps what it made by a function's name: so it has another."""
    made = FunctionType(plain.__code__, names, plain.__name__, plain.__defaults__, plain.__closure__)
    made.__qualname__, made.__module__, made.__doc__ = f"{plain.__qualname__}_{mark}", module, plain.__doc__
    return made


def _made(replaced: dict[int, Any], mark: str) -> ModuleType:
    """Copies of the model's modules, with every function that calls a replaced one made anew."""
    copies = {module.__name__: ModuleType(f"{module.__name__}_{mark}") for module in _MODEL}
    for module in _MODEL:
        copies[module.__name__].__dict__.update(
            {name: value for name, value in vars(module).items() if not name.startswith("__") or name == "__builtins__"})
    changed = dict(replaced)
    while True:
        found = {id(function): function for module in _MODEL for function in _own(module)
                 if id(function) not in changed and any(id(used) in changed for used in _used(function))}
        if not found:
            break
        for key, function in found.items():
            plain = _plain(function)
            made = _renamed(plain, copies[plain.__module__].__dict__, mark, copies[plain.__module__].__name__)
            changed[key] = numba.njit(**_options(function))(made) if plain is not function else made
    for copy in copies.values():
        for name, value in list(vars(copy).items()):
            if id(value) in changed:
                setattr(copy, name, changed[id(value)])
            elif isinstance(value, ModuleType) and value.__name__ in copies:
                setattr(copy, name, copies[value.__name__])
        sys.modules[copy.__name__] = copy  # where the compiler looks for it when it loads what it kept
    return copies[engine.__name__]


def _options(function: Any) -> dict[str, Any]:
    """How a function was compiled, as `numba.njit` takes it."""
    cached = type(function._cache).__name__ != "NullCache"
    inline = {"inline": function.targetoptions["inline"]} if "inline" in function.targetoptions else {}
    kept = ("nogil", "error_model", "no_cfunc_wrapper", "no_cpython_wrapper", "forceinline")
    return {**{k: v for k, v in function.targetoptions.items() if k in kept}, **inline, "cache": cached}


def _own(module: ModuleType) -> Iterator[Any]:
    return (value for value in vars(module).values()
            if isinstance(_plain(value), FunctionType) and _plain(value).__module__ == module.__name__)


def _used(function: Any) -> Iterator[Any]:
    """What a function names: globals, and names within the model's modules."""
    plain = _plain(function)
    for name, inner in _named(plain.__code__):
        value = plain.__globals__.get(name)
        yield value
        if inner and isinstance(value, ModuleType) and value in _MODEL:
            yield getattr(value, inner)


@cache
def _named(code: CodeType) -> frozenset[tuple[str, str]]:
    """Each global that code names, and the attribute that it takes of it; fields of the state have rules' names too."""
    whole = [one for one in dis.get_instructions(code) if one.opname != "EXTENDED_ARG"]  # which long functions put between
    mine = {(one.argval, after.argval if after.opname == "LOAD_ATTR" else "") for one, after in pairwise(whole)
            if one.opname == "LOAD_GLOBAL"}
    return frozenset(mine).union(*(_named(within) for within in code.co_consts if isinstance(within, CodeType)))


class _Rules(ModuleType):
    """A file of rules: assigning one would change nothing in what is compiled, so it is refused."""

    def __setattr__(self, name: str, value: object) -> None:
        if isinstance(_plain(vars(self).get(name)), FunctionType) and callable(value):
            short = f"{self.__name__.rpartition('.')[2]}.{name}"
            raise Refused("assigning the rule {rule} would change nothing, because the model is compiled; give it as "
                          "rules={entry} to simulate or Model.", rule=short, entry=f'{{"{short}": ...}}')
        super().__setattr__(name, value)


for _file in FILES.values():
    _file.__class__ = _Rules
