"""Which structure of the model speaks for what was seen: alternatives beside each other, by simulation alone.

Every structure (a context, a profile, a mechanism or none, a switch or another parameter at one of some values) is run with
parameters drawn from the same prior. Of the data sets so made, those nearest to what was seen are taken, and a logistic
regression of the structure on their features, weighed by nearness, gives each structure's chance at what was seen (Fagundes
et al., 2007, PNAS 104, 17614-17619; Beaumont, 2008). Features are not the data: these are the chances that they give, which
need not be those of the data (Robert, Cornuet, Marin and Pillai, 2011, PNAS 108, 15112-15117). Beside every chance stands
how often the method finds the structure that made invented data, each left out in turn.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from letsdance.experiments.adopters.abc_smc import Box
from letsdance.experiments.emulator import one_thread
from letsdance.experiments.worlds import STRUCTURES, check_alternatives, put
from letsdance.params import Refused, number

if TYPE_CHECKING:
    import pandas as pd

    from letsdance.experiments.adopters.calibrate import Case
    from letsdance.experiments.pieces import Pieces

_MOST = 24  # structures at a time
_NEAR = 0.2  # share of the simulated data sets that counts as near, and the fewest of them
_FEWEST = 200
_LEFT_OUT = 50  # invented data sets of each structure by which it is said how often it is found
#: Alternatives as typed ("context=denmark,italy"), one or several, or name -> values.
type AlternativesLike = str | Sequence[str] | Mapping[str, Sequence[object]]


def parse(alternatives: AlternativesLike | None) -> dict[str, list[object]]:
    """Name -> values. Refused for what is no alternative, or for more structures than can be told apart."""
    if alternatives is None:
        return {}
    if isinstance(alternatives, Mapping):
        made = {name: list(values) for name, values in alternatives.items()}
    else:
        made = {}
        for one in [alternatives] if isinstance(alternatives, str) else alternatives:
            name, mark, values = one.partition("=")
            if not mark:
                raise Refused("{one!r} is no alternative; write NAME=VALUE,VALUE, such as context=denmark,italy.", one=one)
            if name.strip() in made:
                raise Refused("{name} is an alternative twice; keep one.", name=name.strip())
            made[name.strip()] = [_value(name.strip(), value.strip()) for value in values.split(",")]
    check_alternatives(made)
    count = int(np.prod([len(values) for values in made.values()]))
    if count > _MOST:
        raise Refused("these alternatives make {count} structures, and {most} are compared at most; take some out.",
                      count=count, most=_MOST)
    return made


def _value(name: str, typed: str) -> object:
    if name in STRUCTURES:
        return typed
    try:
        return number(typed)
    except ValueError:
        return typed  # `check_alternatives` says what is wrong with it


def chances(features: np.ndarray, structure: np.ndarray, observed: np.ndarray, count: int) -> np.ndarray:
    """float64[count]: each structure's chance at observed[s], from features[n, s] of structure[n] (0 to count - 1), all
    structures being equally likely before. A structure of which nothing is near has less than 1 / (number near)."""
    from sklearn.linear_model import LogisticRegression

    spread = np.median(np.abs(features - np.median(features, axis=0)), axis=0)
    spread = np.where(spread > 0, spread, features.std(axis=0))
    told = spread > 0
    x = (features[:, told] - observed[told]) / spread[told]
    distance = np.sqrt((x**2).sum(axis=1))
    near = np.argsort(distance, kind="stable")[:min(len(x), max(_FEWEST, int(_NEAR * len(x))))]
    edge = distance[near[-1]]
    weight = np.maximum(1.0 - (distance[near] / edge) ** 2, 0.0) + 1e-9 if edge > 0 else np.ones(len(near))
    made, there = np.zeros(count), np.unique(structure[near])
    if len(there) == 1:
        made[there] = 1.0
    else:
        # Newton's steps end where they should in a tenth of the time; without limits threads wait for each other for longer
        with one_thread():
            fitted = LogisticRegression(solver="newton-cholesky", max_iter=1_000).fit(
                x[near], structure[near], weight * len(near) / weight.sum())
        made[there] = fitted.predict_proba(np.zeros((1, x.shape[1])))[0]
    return np.asarray((made * len(near) + 1.0 / count) / (len(near) + 1.0))


def _each(simulations: int, count: int) -> int:
    """Simulations of each of so many structures."""
    return max(_FEWEST // 2, simulations // count)


def steps(alternatives: Mapping[str, Sequence[object]], simulations: int) -> int:
    """How often `compare` tells progress, at most: of each simulation, and of each data set that is left out."""
    count = math.prod(len(values) for values in alternatives.values())
    return count * (_each(simulations, count) + min(_LEFT_OUT, _each(simulations, count)))


def compare(case: Case, alternatives: Mapping[str, Sequence[object]], box: Box, simulations: int, rng: np.random.Generator,
            pool: ThreadPoolExecutor | Pieces, progress: Callable[[int], None] | None = None) -> pd.DataFrame:
    """One row a structure, a column each alternative, and: before (its chance, all alike), now (at what was seen), and
    found, the share of invented data sets of this structure for which it comes out as the likeliest.

    simulations: in all, divided evenly. What is fitted in the case is drawn from its prior in every structure. progress:
    hears of each, and of each data set that is left out.
    """
    import pandas as pd

    for name in alternatives:
        if name in case.free:
            raise Refused("{name} is both fitted and an alternative; keep one.", name=name)
    worlds = [dict(zip(alternatives, values, strict=True)) for values in itertools.product(*alternatives.values())]
    each = _each(simulations, len(worlds))
    made = []
    for world in worlds:
        there = replace(case, scenario=put(case.scenario, world))
        made.append(there.simulator(pool, progress)(box.theta(box.draw(each, rng)), rng))
    features, structure = np.concatenate(made), np.repeat(np.arange(len(worlds)), each)
    whole = np.isfinite(features).all(axis=1)
    features, structure = features[whole], structure[whole]
    now = chances(features, structure, case.observed, len(worlds))

    def found(k: int) -> float:
        own = np.flatnonzero(structure == k)
        tried = own[np.linspace(0, len(own) - 1, min(_LEFT_OUT, len(own))).astype(int)]
        hits = 0
        for at in tried:
            rest = np.arange(len(structure)) != at
            hits += int(chances(features[rest], structure[rest], features[at], len(worlds)).argmax()) == k
            if progress:
                progress(1)
        return hits / len(tried)

    return pd.DataFrame([{**{name: str(value) for name, value in world.items()}, "before": 1.0 / len(worlds),
                          "now": float(now[k]), "found": found(k)} for k, world in enumerate(worlds)])
