"""How far a conclusion holds: every pattern, every card's sentence and every lever's direction, in worlds of other
parameters.

    of("F1").share                               what ships: experiments/robust.json, with its worlds, seeds and version
    check(Worlds(200, within="30%"), "found.jsonl")

In a world a claim holds where the means of its runs say the same as is said: a pattern, that all its parts reach what is
asked of them (`Verdict.seen`); a card, that the same future, the same actor, the same failure or measure is named; a
lever, that its effect has the same sign as in the world that is assumed. Few runs blur this, so a share near .5 may be
luck as well. A file keeps each world as it is done, so that a long check goes on where it stopped.
"""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files as shipped
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance.experiments import cards, executors
from letsdance.experiments.executors import ExecutorLike, rules
from letsdance.experiments.moving import moving
from letsdance.experiments.paired import interval
from letsdance.experiments.patterns import PATTERNS, Laboratory
from letsdance.experiments.success import Chance, chance
from letsdance.experiments.worlds import Worlds, rows
from letsdance.params import Refused, Said, check_whole, files, nearest
from letsdance.scenarios import LEVERS, STARTS, Use, load
from letsdance.simulation.run import Result

if TYPE_CHECKING:
    import pandas as pd

#: Where levers are tried alone, from quarter 8 on, and on what, at the end.
LEVER_STARTS, LEVER_OUTCOMES, LEVER_FROM = ("lone_ranger", "dead_horse"), ("C", "G", "services", "on"), 8
#: Runs in the assumed world, which say what is claimed; a lever's effect below this is no claim.
CLAIM_RUNS, LEAST = 20, 0.005
#: Designs that ship: how far parameters go, how many worlds.
DESIGNS: Mapping[str, int] = {"30%": 200, "ranges": 100}
_BREAKING = 3
_FORMAT = 1
_FILE = "robust.json"


@dataclass(frozen=True)
class Claim:
    """What is claimed: kind (pattern, card, lever), id, and what is said in the assumed world: whether a pattern holds
    there, the choice of a card ("begins": "solo"), the sign of a lever's effect."""

    id: str
    kind: str
    says: str


@dataclass(frozen=True)
class Held:
    """How far a claim holds: in `held` of `worlds` worlds; unmeasured: in how many it could not be measured, which counts
    as not holding; breaks: the assumptions that break it (assumption, rank correlation with holding, share that holds in
    the thirds of worlds with its lowest and highest values), strongest first, those that hold against all others."""

    claim: Claim
    worlds: int
    held: int
    unmeasured: int
    breaks: tuple[tuple[str, float, float, float], ...] = ()

    @property
    def share(self) -> float:
        """Of worlds in which it holds."""
        return self.held / self.worlds

    @property
    def chance(self) -> Chance:
        """The share with its exact 95 % interval."""
        return chance(np.arange(self.worlds) < self.held)


# ---------------------------------------------------------------- what is claimed, and whether it holds in a world

def answers(world: Mapping[str, float], runs: int, seed: int, only: Iterable[str] | None = None) -> dict[str, str | None]:
    """What a world says of every claim: id -> "yes" or "no" of a pattern, the choice of a card, "+" or "-" of a lever's
    effect; None where it could not be measured.

    only: ids; all if left out. Runs have the seeds seed, seed + 1, ...
    """
    wanted = None if only is None else set(only)
    lab, found = Laboratory(runs, seed, world=world), dict[str, str | None]()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)  # means of nothing: not measured
        for id, pattern in PATTERNS.items():
            if wanted is None or id in wanted:
                try:
                    found[id] = "yes" if all(v.seen for _, v in pattern.experiment(lab)) else "no"
                except (ValueError, IndexError, ZeroDivisionError, np.linalg.LinAlgError):
                    found[id] = None  # nothing to measure: nobody adopts, no service ends
        ids = [f"card.{start}.{fact}" for start in STARTS for fact in ("leads", "begins", "fails", "suffers")]
        if wanted is None or wanted & set(ids):
            results = {start: lab.run(start) for start in STARTS}
            said = {f"card.{start}.{fact}": choice for start in STARTS
                    for fact, choice in cards.card(start, results).items()}
            found |= {id: choice for id, choice in said.items() if wanted is None or id in wanted}
        for id, effect in _levers(lab, wanted):
            mean = float(np.nanmean(effect)) if np.isfinite(effect).any() else np.nan
            found[id] = None if not np.isfinite(mean) else "+" if mean > 0 else "-" if mean < 0 else "0"
    return found


def _levers(lab: Laboratory, wanted: set[str] | None) -> Iterable[tuple[str, np.ndarray]]:
    """Each lever alone from quarter 8 on: its effect at the end, run by run."""
    for start in LEVER_STARTS:
        for name in LEVERS.shipped:
            ids = [f"lever.{name}.{start}.{outcome}" for outcome in LEVER_OUTCOMES]
            if wanted is not None and not wanted & set(ids):
                continue
            without, with_it = lab.run(start), lab.run(start, levers=[str(Use(name, LEVER_FROM))])
            yield from ((id, np.asarray(with_it.rows[o][:, -1] - without.rows[o][:, -1], np.float64))
                        for id, o in zip(ids, LEVER_OUTCOMES, strict=True) if wanted is None or id in wanted)


def claims(seed: int = 1, runs: int = CLAIM_RUNS, only: Sequence[str] | None = None) -> dict[str, Claim]:
    """What is claimed, from the assumed world: every pattern (that it holds), every card's choices, and the direction of
    every lever's effect that these runs show (its interval leaves out 0).

    only: ids, or beginnings of ids such as "card" or "lever.LEAD". Refused: what begins no claim.
    """
    lab = Laboratory(runs, seed)
    results = {start: lab.run(start) for start in STARTS}
    found = {id: Claim(id, "pattern", "yes") for id in PATTERNS}
    found |= {f"card.{start}.{fact}": Claim(f"card.{start}.{fact}", "card", choice)
              for start in STARTS for fact, choice in cards.card(start, results).items()}
    levers = {f"lever.{name}.{start}.{outcome}" for name in LEVERS.shipped for start in LEVER_STARTS
              for outcome in LEVER_OUTCOMES}
    for id, effect in _levers(lab, {id for id in levers if only is None or _begins(id, only)}):
        e = interval(effect)
        if e.clear and abs(e.mean) >= LEAST:
            found[id] = Claim(id, "lever", "+" if e.mean > 0.0 else "-")
    if only is None:
        return found
    chosen = {id: claim for id, claim in found.items() if _begins(id, only)}
    for one in only:
        if not any(_begins(id, [one]) for id in (*chosen, *levers)):
            raise Refused("there is no claim {one!r}.{near} Name a pattern such as F1, card, card.lone_ranger, lever or "
                          "lever.LEAD.", one=one, near=nearest(one, [*found, "card", "lever"]))
    return chosen


def _begins(id: str, only: Sequence[str]) -> bool:
    """Whether an id, or its beginning, is named."""
    return any(id == one or id.startswith(f"{one}.") for one in only)


# ---------------------------------------------------------------- a check that goes on where it stopped

def check(worlds: Worlds, file: str | Path, runs: int = 4, seed: int = 1, only: Sequence[str] | None = None,
          seconds: float | None = None, part: tuple[int, int] = (1, 1),
          progress: Callable[[int], None] | None = None, executor: ExecutorLike = None) -> bool:
    """Look at every claim in every world, and write each world to a file of JSON lines as it is done; a file that is there
    is gone on with. Returns whether all worlds are done.

    seconds: when to stop; at least one world is done. part: (k, n) does only each nth world, from the kth on, so that
    several files can be filled at once (`together`). only: as in `claims`. executor: as in `sweep`; one world after the
    other here unless said. Refused: a file of other worlds, seeds or rules.
    """
    path, began = files.named(file), time.monotonic()
    check_whole("runs", runs, 2, 1_000)
    head = {"format": _FORMAT, "rules": rules(), "worlds": worlds.to_toml(), "runs": runs, "seed": seed,
            "only": None if only is None else list(only)}
    done = read(path, head)[1] if path.exists() else {}
    if not done and not path.exists():
        path.write_text(json.dumps(head) + "\n", encoding="utf-8")
    elif not path.read_bytes().endswith(b"\n"):  # killed in the middle of a line
        with path.open("a", encoding="utf-8") as out:
            out.write("\n")
    wanted = list(claims(seed, only=only))
    table = worlds.table("lets_dance")
    todo = [(w, world) for w, world in enumerate(rows(table)) if w not in done and w % part[1] == part[0] - 1]
    runner = executors.Threads(1) if executor is None else executors.choose(executor, 0)
    with closing(runner.results(partial(_in_a_world, runs, seed, wanted), todo)) as stream:
        for (w, _), said in stream:
            done[w] = said
            with path.open("a", encoding="utf-8") as out:
                out.write(json.dumps({"world": w, "says": done[w]}) + "\n")
            if progress:
                progress(1)
            if seconds is not None and time.monotonic() - began > seconds:
                break
    return len(done) == len(range(part[0] - 1, worlds.worlds, part[1]))


def _in_a_world(runs: int, seed: int, wanted: list[str], task: tuple[int, Mapping[str, float]]) -> dict[str, str | None]:
    return answers(task[1], runs, seed, wanted)


def renew(path: Path, count: int) -> list[int]:
    """Take a file over to the model as it is now, where `count` of its worlds, drawn, come out as they stand in it: the
    sources changed and no number moved. Returns the worlds that were tried. Refused, with what differs, where one does."""
    head, done = read(path)
    drawn = np.random.default_rng(np.random.SeedSequence([int(rules(), 16), len(done)])).permutation(sorted(done))
    table = rows(_drawn(head))
    for w in map(int, drawn[:count]):
        again = answers(table[w], head["runs"], head["seed"], list(done[w]))
        if moved := [id for id, said in done[w].items() if again.get(id) != said]:
            raise Refused("world {w} of {path} comes out otherwise now ({moved}); measure all of it anew.", w=w, path=path,
                          moved=", ".join(moved[:5]))
    _write(path, {**head, "rules": rules()}, done)
    return sorted(map(int, drawn[:count]))


def together(paths: Sequence[Path], into: Path) -> None:
    """Files of parts as one. Refused: parts of other worlds, seeds or rules."""
    head, done = read(paths[0])
    for path in paths[1:]:
        done |= read(path, head)[1]
    _write(into, head, done)


def _write(path: Path, head: Mapping[str, Any], done: Mapping[int, Mapping[str, Any]]) -> None:
    lines = [head, *({"world": w, "says": done[w]} for w in sorted(done))]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def read(path: Path, head: Mapping[str, Any] | None = None) -> tuple[dict[str, Any], dict[int, dict[str, Any]]]:
    """What a file of a check says: its head, and world -> what it says. A last line that was cut off is left out."""
    lines = files.text(path, Said("begin one with `letsdance check --robust --out NAME`")).splitlines()
    try:
        first = json.loads(lines[0])
        whole = isinstance(first, dict) and first.get("format") == _FORMAT and "worlds" in first
    except (ValueError, IndexError):
        whole = False
    if not whole:
        raise Refused("{path} is not a file that `letsdance check --robust` wrote; name another with --out.",
                      path=path)
    if head is not None and first != head:
        what = next(name for name in head if first.get(name) != head[name])
        raise Refused("{path} was begun by another version of the model; give --out another name." if what == "rules" else
                      "{path} was begun with another choice of claims; give --out another name, or begin it as before."
                      if what == "only" else
                      "{path} was begun with another {what}; give --out another name, or begin it as before.", path=path,
                      what=what)
    done: dict[int, dict[str, Any]] = {}
    for line in lines[1:]:
        try:
            one = json.loads(line)
            done[int(one["world"])] = dict(one["says"])
        except (ValueError, KeyError, TypeError):
            continue
    return first, done


def held(path: Path, claimed: Mapping[str, Claim] | None = None) -> dict[str, Held]:
    """How far each claim holds in the worlds that a file has by now. Refused where it has none."""
    head, done = read(path)
    if not done:
        raise Refused("{path} has no world yet; go on with the check.", path=path)
    table = _drawn(head)
    claimed = claims(head["seed"], only=head["only"]) if claimed is None else claimed
    return {id: _held(claim, [done[w].get(id) for w in sorted(done)], table.iloc[sorted(done)])
            for id, claim in claimed.items()}


def _drawn(head: Mapping[str, Any]) -> pd.DataFrame:
    """The worlds of a file, a row each."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as place:
        text = Path(place) / "worlds.toml"
        text.write_text(head["worlds"], encoding="utf-8")
        return Worlds.read(text).table("lets_dance")


def _held(claim: Claim, said: Sequence[str | None], table: pd.DataFrame) -> Held:
    holds = np.array([one == claim.says for one in said], np.float64)
    moved = moving(table.reset_index(drop=True), holds)
    moved = moved[moved["p"] < 0.05].head(_BREAKING)
    return Held(claim, len(said), int(holds.sum()), sum(one is None for one in said),
                tuple((str(r.assumption), float(r.rank), float(r.low), float(r.high)) for r in moved.itertuples()))


def table(found: Mapping[str, Held]) -> pd.DataFrame:
    """One row a claim: id, kind, says, worlds, held, share, low, high, unmeasured, breaks in words."""
    import pandas as pd

    return pd.DataFrame([{
        "id": id, "kind": one.claim.kind, "says": one.claim.says, "worlds": one.worlds, "held": one.held,
        "share": one.share, "low": one.chance.low, "high": one.chance.high, "unmeasured": one.unmeasured,
        "breaks": "; ".join(f"{name} {low:.0%} to {high:.0%}" for name, _, low, high in one.breaks)}
        for id, one in found.items()])


# ---------------------------------------------------------------- what ships

def to_json(designs: Mapping[str, Path], version: str, commit: str = "") -> dict[str, Any]:
    """What ships of finished checks, by design (how far parameters go): worlds, runs, seeds, version, rules, and each
    claim."""
    said: dict[str, Any] = {"format": _FORMAT, "version": version, "commit": commit, "designs": {}, "claims": {}}
    for design, path in designs.items():
        head, done = read(path)
        said["designs"][design] = {"worlds": len(done), "runs": head["runs"], "seed": head["seed"], "rules": head["rules"],
                                   "drawn": head["worlds"]}
        for id, one in held(path).items():
            entry = said["claims"].setdefault(id, {"kind": one.claim.kind, "says": one.claim.says})
            entry[design] = {"held": one.held, "unmeasured": one.unmeasured,
                             "breaks": [[name, *(round(v, 3) for v in more)] for name, *more in one.breaks]}
    return said


@cache
def known() -> dict[str, Any]:
    """experiments/robust.json; {} where none ships."""
    place = shipped(__package__).joinpath(_FILE)
    return json.loads(place.read_text(encoding="utf-8")) if place.is_file() else {}


def current() -> bool:
    """Whether what ships was measured with the model as it is here."""
    return any(one["rules"] == rules() for one in known().get("designs", {}).values())


def of(id: str, says: str | None = None, design: str = "30%") -> Held | None:
    """How far a claim holds by what ships; None where it is not there, or says something else (another card's choice)."""
    entry = known().get("claims", {}).get(id)
    if entry is None or design not in entry or (says is not None and entry["says"] != says):
        return None
    one = entry[design]
    return Held(Claim(id, entry["kind"], entry["says"]), known()["designs"][design]["worlds"], one["held"],
                one["unmeasured"], tuple((name, *more) for name, *more in one["breaks"]))


def usual(result: Result) -> bool:
    """Whether a run is of a start as it ships, so that what is said of it is what was looked at in other worlds."""
    scenario = result.scenario
    if scenario.name not in STARTS or scenario != load(scenario.name):
        return False
    size = scenario.values()
    return len(result.places) == size["municipalities"] and bool((result.places.citizens == size["citizens"]).all())


def weakest(lever: str, design: str = "30%") -> Held | None:
    """Of what is claimed of a lever's direction, the claim that holds in the fewest worlds."""
    found = [of(id, None, design) for id in known().get("claims", {}) if id.startswith(f"lever.{lever}.")]
    return min((one for one in found if one is not None), key=lambda one: one.share, default=None)


def fresh(ids: Sequence[str], worlds: int, seed: int, within: str = "30%", runs: int = 4) -> dict[str, tuple[int, int]]:
    """Some claims in fresh worlds and on fresh seeds: id -> (in how many they hold, of how many). For the check of what
    ships."""
    table, counts = Worlds(worlds, within, seed=seed).table("lets_dance"), dict.fromkeys(ids, 0)
    says = {id: known()["claims"][id]["says"] for id in ids}
    for world in rows(table):
        said = answers(world, runs, seed, ids)
        for id in ids:
            counts[id] += said.get(id) == says[id]
    return {id: (count, worlds) for id, count in counts.items()}

