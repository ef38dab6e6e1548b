"""What the room's questions come to: computed once, in a thread, on equal luck for every table.

A round goes on from where the last one stopped: chance is addressed by seed, quarter and entity, and a card acts only from
its own quarter on, so running a table's whole package again gives the very state in which the last round ended
(tests/test_room.py holds it against `experiments.branch`). Nothing has to be kept, and a server that was killed has lost
nothing.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from letsdance.dashboards.limits import check_size, size_of
from letsdance.params import Refused
from letsdance.room.state import Room
from letsdance.scenarios import STARTS, Use
from letsdance.scenarios.policy import Policy

if TYPE_CHECKING:
    import numpy as np

    from letsdance.experiments.paired import Interval
    from letsdance.simulation.run import Result

__all__ = ["Answers", "Tabled", "base", "baseline", "places", "ready", "table", "tabled", "tunnel", "watch"]

_log = logging.getLogger("letsdance.room")
#: Answers that are kept.
_KEPT = 64
#: Of which indicators less is better.
_AWAY = 0.005


class Answers:
    """Answers by their question; a question is worked on once, whoever asks it. changed: called when an answer is there."""

    def __init__(self, changed: Callable[[], None] = lambda: None) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="letsdance-room")
        self._lock, self._found, self._asked = threading.Lock(), OrderedDict[Any, Any](), set[Any]()
        self._changed, self.version, self.computed = changed, 0, 0

    def get(self, question: Any, make: Callable[[], Any]) -> Any:
        """The answer, None while it is worked on; a `Refused` where there is none."""
        with self._lock:
            if question in self._found:
                self._found.move_to_end(question)
                return self._found[question]
            if question not in self._asked:
                self._asked.add(question)
                self._pool.submit(self._work, question, make)
        return None

    def _work(self, question: Any, make: Callable[[], Any]) -> None:
        try:
            found = make()
        except Refused as refused:
            found = refused
        except Exception:
            _log.exception("a question of the room failed")
            found = Refused("this could not be computed; the log of the host says why.")
        with self._lock:
            self._asked.discard(question)
            self._found[question] = found
            while len(self._found) > _KEPT:
                self._found.popitem(last=False)
            self.version += 1
            self.computed += 1
        self._changed()

    def wait(self, seconds: float) -> bool:
        """Until nothing is worked on, so many seconds at most; for those who write minutes."""
        idle = threading.Event()
        self._pool.submit(idle.set)
        return idle.wait(seconds)


# ---------------------------------------------------------------- questions

def places(room: Room) -> str:
    """The municipalities that the room's runs begin with, as CSV; "" for the usual ones.

    Dots become municipalities of the usual size; fewer dots than the usual number of municipalities are taken in turn
    again, so that the cloud keeps its shape and chance has as much to act on as in every other run.
    """
    if room.origin() == "table":
        return room.control.places
    if room.origin() != "dots":
        return ""
    return _cloud(room.agenda.start, tuple(room.dots()))


def towns(room: Room) -> list[tuple[str, float, float]]:
    """The municipalities of the table that runs begin with, if any: name, and where each starts (C, G; NaN: not given)."""
    return list(_towns(room.control.places)) if room.origin() == "table" else []


@lru_cache(8)
def _towns(csv: str) -> tuple[tuple[str, float, float], ...]:
    from letsdance.simulation.municipalities import from_text

    found = from_text(csv)
    starts = (found.given["willingness"].tolist(), found.given["government_willingness"].tolist())
    return tuple(zip(found.names, *starts, strict=True))


@lru_cache(8)
def _cloud(start: str, dots: tuple[tuple[float, float], ...]) -> str:
    from letsdance import scenarios
    from letsdance.simulation.municipalities import synthetic, to_csv

    values = scenarios.load(start).values()
    made = synthetic(max(int(values["municipalities"]), len(dots)), int(values["citizens"]))
    for m in range(len(made)):
        made.given["willingness"][m], made.given["government_willingness"][m] = dots[m % len(dots)]
    return to_csv(made, "%.3f")


def base(room: Room) -> Policy:
    """The start of all runs of the room, with nothing done."""
    origin = room.origin()
    return Policy.of(origin if origin in STARTS else room.agenda.start, context=room.agenda.context,
                  quarters=room.agenda.horizon)


def _simulated(policy: Policy, csv: str, seed: int, runs: int) -> Result:
    from letsdance.simulation.municipalities import from_text
    from letsdance.simulation.run import simulate

    scenario = policy.scenario()
    towns = from_text(csv) if csv else None
    check_size(*size_of(scenario, towns), scenario.quarters, runs)
    return simulate(scenario, runs=runs, seed=seed, municipalities=towns)


def of_ten(found: Any, quarter: int) -> list[float] | None:
    """Of ten municipalities those in Let's dance in each run, at a quarter; None where there are no runs."""
    known = found is not None and not isinstance(found, Refused)
    return [10.0 * float(v) for v in found.rows["lets_dance"][:, quarter]] if known else None


def _ask(room: Room, answers: Answers, policy: Policy) -> Result | Refused | None:
    csv = places(room)
    return answers.get((policy, csv, room.seed, room.agenda.runs),  # type: ignore[no-any-return]
                       lambda: _simulated(policy, csv, room.seed, room.agenda.runs))


def baseline(room: Room, answers: Answers) -> Result | Refused | None:
    """Nothing done, nothing happens: what predictions are held against."""
    return _ask(room, answers, base(room))


def nothing(room: Room, answers: Answers) -> Result | Refused | None:
    """Nothing done, the shocks that were drawn: what tables are held against."""
    return _ask(room, answers, replace(base(room), shocks=room.shocks()))


def package(room: Room, number: int) -> Policy:
    """What a table does, with the shocks that were drawn."""
    return replace(base(room), levers=room.uses(number), shocks=room.shocks())


def table(room: Room, answers: Answers, number: int) -> Result | Refused | None:
    """A table's package."""
    return _ask(room, answers, package(room, number))


@dataclass(frozen=True, eq=False)
class Tabled:
    """What came of a table's package up to a quarter, against nothing done; shares times ten are municipalities of ten.

    ten: float64[R], of ten municipalities those in Let's dance. more: the paired difference to nothing done; better: in
    how many runs it is above. suffers: indicator -> paired difference of what must not suffer.
    """

    number: int
    uses: tuple[Use, ...]
    spent: float
    quarter: int
    ten: np.ndarray
    more: Interval
    better: int
    reached: int
    suffers: dict[str, Interval]
    result: Result

    @property
    def runs(self) -> int:
        """How many runs."""
        return len(self.ten)


def tabled(room: Room, answers: Answers, number: int, quarter: int) -> Tabled | Refused | None:
    """A table's result at a quarter, None while it is computed."""
    without, with_it = nothing(room, answers), table(room, answers, number)
    if not without or not with_it:
        return None
    for one in (without, with_it):
        if isinstance(one, Refused):
            return one
    from letsdance.experiments.paired import interval

    assert not isinstance(without, Refused)
    assert not isinstance(with_it, Refused)
    after, before = (10.0 * one.rows["lets_dance"][:, quarter] for one in (with_it, without))
    target = room.target()
    uses = room.uses(number)
    return Tabled(number, uses, room.price(uses), quarter, after,
                  interval(after - before, 10.0), int((after > before).sum()),
                  int((after >= target).sum()) if target is not None else 0,
                  {name: interval(with_it.rows[name][:, quarter] - without.rows[name][:, quarter], 1.0)
                   for name in room.guards()}, with_it)


def goal(room: Room, answers: Answers, number: int, indicator: str, quarter: int) -> tuple[Interval, int] | None:
    """A role's private goal: the paired difference in its indicator and in how many runs it is above nothing done."""
    without, with_it = nothing(room, answers), table(room, answers, number)
    if without is None or with_it is None or isinstance(without, Refused) or isinstance(with_it, Refused):
        return None
    import numpy as np

    from letsdance.experiments.paired import interval

    d = with_it.rows[indicator][:, quarter] - without.rows[indicator][:, quarter]
    known = d[np.isfinite(d)]
    return interval(known), int((known > 0).sum())


def watch(room: Room, answers: Answers, most: int = 5) -> list[tuple[str, float]]:
    """Warning signs: which terms of willingness pull down most in the last two years, (indicator, mean push in logits).

    Of the package that the room chose, else of going on with nothing.
    """
    found = table(room, answers, room.control.chosen) if room.control.chosen else nothing(room, answers)
    if found is None or isinstance(found, Refused):
        return []
    from letsdance.experiments.reasons import pushes

    return [(one.name, one.push) for one in sorted(pushes(found), key=lambda one: one.push) if one.push < 0][:most]


def tunnel(room: Room, answers: Answers, number: int) -> Any:
    """The wind tunnel of a table's package: every start under the step's shocks (experiments.windtunnel)."""
    step = next((one for one in room.agenda.step if one.kind == "tunnel"), None)
    uses = room.uses(number)
    if step is None or not uses:
        return None

    def make() -> Any:
        from letsdance import scenarios
        from letsdance.experiments.windtunnel import wind_tunnel

        starts = [scenarios.load(name).changed(context=room.agenda.context) for name in STARTS]
        return wind_tunnel(Policy(title=f"table {number}", levers=uses), starts, step.shocks, runs=room.agenda.runs,
                           seed=room.seed, quarters=room.agenda.horizon)

    question = ("tunnel", room.agenda.context, uses, step.shocks, room.seed, room.agenda.runs, room.agenda.horizon)
    return answers.get(question, make)


def ready(room: Room, answers: Answers) -> None:
    """Ask what the step that runs will show, so that it is there when it is looked at."""
    kind = room.step.kind
    if kind in ("image", "predict", "reveal"):
        baseline(room, answers)
    if kind in ("results", "shock", "tunnel", "act", "agree", "end"):
        nothing(room, answers)
        for number in room.tables:
            table(room, answers, number)
    if kind == "tunnel":
        for number in room.tables:
            tunnel(room, answers, number)
