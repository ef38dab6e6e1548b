"""The readable Mesa model and the compiled engine are the same model: they agree in distribution, on every indicator.

They share the rules but neither luck, networks, order of work nor bookkeeping, so a slip in either shows here. What
a slip must weigh to show is tested too: a check that cannot fail says nothing.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from benchmarks.readable import ReadableModel, numbers, plain, willingness
from scipy.stats import fisher_exact, ks_2samp, mannwhitneyu

from letsdance.params import defaults, record_dtype
from letsdance.scenarios import Scenario, groups
from letsdance.simulation import rules
from letsdance.simulation import schedule as environment
from letsdance.simulation.indicators import SOCIETY
from letsdance.simulation.municipalities import Municipalities
from letsdance.simulation.run import run_seeds
from letsdance.simulation.state import given_nothing

QUARTERS = 24
SEEDS = range(1, 41)
REPEATS = 10  # the engine is fast: ten seeds for each of the readable model's sharpen the comparison
ALPHA = 0.01  # chance of a false alarm in one comparison of all indicators

#: The four starts, and one where what sleeps at the defaults is awake: levers, shocks, options, fast adoption.
STARTS = {
    "lets_dance": {"C0": 0.75, "G0": 0.75},
    "lone_ranger": {"C0": 0.75, "G0": 0.25},
    "dead_horse": {"C0": 0.25, "G0": 0.75},
    "wasteland": {"C0": 0.25, "G0": 0.25},
    "stirred": {"C0": 0.6, "G0": 0.6},
}
STIRRED = {
    "mandate": 0.2, "B": 0.1, "growth": 0.3, "long_ties": 2, "lab_share": 0.5, "blame_large": 0.5, "fund_large": 0.3,
    "swing": 0.05, "phi_shift": 0.1, "audit": 0.2, "silo_shift": -0.1, "rec": 0.08, "T_drift": 0.01, "T_hit": 0.98,
    "mix_c": 0.5, "need_shift": 0.1, "points": 3, "measure": 0.5, "aware_lever": 0.05, "leave": 0.2, "f_c": 1.2,
    "S_pull": 0.02, "L_pull": 0.02, "K_pull": 0.02, "A_pull": 0.03, "adv_late": 0.05, "aware0": 0.2, "v0": -0.25,
    "pilot_rate": 0.8, "pilot_quarters": 2, "pilot0": -0.6, "direct_rate": 0.3, "up_rate": 0.6, "depth0": 0.05,
    "cm": 0.2, "end_rate": 0.6, "back": 0.4, "p0": 0.05, "q0": 0.5,
}


def sizes(start: str) -> tuple[int, ...]:
    """Citizens of each municipality: unequal, so that a mean over citizens is not one over municipalities."""
    return (4, 5, 5, 6) * 6 + (15, 18, 21) if start == "stirred" else (9, 12, 15, 15, 18, 21)


#: What else the poorest quarter lives under there: all that citizens are asked one by one.
POOREST = {"rec": 0.3, "c_e": 0.1, "x_lever": 0.3, "U": 0.7, "T_drift": -0.02, "T_hit": 0.95}


def schedule(start: str, poorest: bool = False, **changes: float) -> np.ndarray:
    """A start's parameters for every quarter; in "stirred" much changes at once in quarter 2."""
    table = np.zeros(QUARTERS + 1, record_dtype())
    table[:] = defaults(**STARTS[start])
    for name, value in (STIRRED | (POOREST if poorest else {})).items() if start == "stirred" else ():
        table[name][2:] = value
    table["growth"] = table["growth"].max()  # the engine makes room for more members once, before the run
    for name, factor in changes.items():
        table[name] *= factor
    return table.view(np.recarray)


@cache
def readable(start: str) -> np.ndarray:
    """Indicators of the readable model [seed, quarter, indicator]."""
    runs = []
    for seed in SEEDS:
        share = 0.25 if start == "stirred" else 0.0
        model = ReadableModel(schedule(start), sizes(start), seed, share, schedule(start, poorest=True))
        model.run_for(QUARTERS)
        runs.append(model.datacollector.get_table_dataframe("society")[list(SOCIETY)].to_numpy(float))
    return np.array(runs)


@dataclass(frozen=True)
class TwoLives:
    """A group of citizens lives under a schedule of its own."""

    places: Municipalities
    tables: tuple[environment.Schedule, ...]
    whom: str
    drawn = True

    def of(self, seed: int) -> environment.Lived:
        towns = environment._Towns(self.places, Scenario("", "", C=0.6, G=0.6), seed)
        mine = groups.chosen(self.whom, towns)
        weight = np.add.reduceat(mine, np.cumsum(self.places.citizens) - self.places.citizens) / self.places.citizens
        means = [np.array([1 - share, share]) for share in (weight.mean(), mine.mean())]
        return environment.Lived(self.tables, np.zeros(len(self.places), np.int64),
                                 environment._mean(list(self.tables), *means), mine.astype(np.uint16))


def compiled(start: str, whom: str = "the poorest quarter", **changes: float) -> np.ndarray:
    """Indicators of the engine [seed, quarter, indicator], where need be with parameters multiplied by factors."""
    table, citizens = environment.as_schedule(schedule(start, **changes)), np.array(sizes(start))
    M, seeds = len(citizens), np.arange(1, len(SEEDS) * REPEATS + 1, dtype=np.uint64)
    places = Municipalities(tuple(map(str, range(M))), citizens, given_nothing(M))
    if start == "stirred":
        theirs = environment.as_schedule(schedule(start, poorest=True, **changes))
        table.local = TwoLives(places, (table, theirs), whom)
    rows = run_seeds(places, table, seeds)[0]
    return np.ascontiguousarray(rows).view(float).reshape(*rows.shape, len(SOCIETY))


def mean_over_quarters(runs: np.ndarray) -> np.ndarray:
    """A run's mean of each indicator where it is a number; not a number where it never is."""
    known = ~np.isnan(runs)
    with np.errstate(invalid="ignore"):
        return np.where(known, runs, 0.0).sum(axis=1) / known.sum(axis=1)


def disagreements(one: np.ndarray, other: np.ndarray) -> list[str]:
    """What tells two sets of runs apart, as sentences.

    Each indicator is compared at the start, at quarter 8, at the end and as its mean over the run: how often it is
    no number (Fisher), how it is distributed where it is one (Kolmogorov and Smirnov), or exactly where it is constant;
    means over the run also by whether one's are the larger (Mann and Whitney), which sees small slips that last.
    Holm's correction is over all of these at once.
    """
    found, tests = [], []
    views = {"at the start": 0, "in quarter 8": 8, f"in quarter {QUARTERS}": QUARTERS, "on average": None}
    for view, quarter in views.items():
        a_all, b_all = (mean_over_quarters(x) if quarter is None else x[:, quarter] for x in (one, other))
        for i, name in enumerate(SOCIETY):
            a, b = a_all[:, i], b_all[:, i]
            none = [[np.isnan(x).sum(), (~np.isnan(x)).sum()] for x in (a, b)]
            if none[0][0] + none[1][0]:
                tests.append((fisher_exact(none).pvalue, f"{name} {view}: no number in {none[0]} and {none[1]} runs"))
            a, b = a[~np.isnan(a)], b[~np.isnan(b)]
            if not len(a) or not len(b):
                continue
            always = len(a) == len(one) and len(b) == len(other)
            if always and np.ptp(a) < 1e-12 and np.ptp(b) < 1e-12:
                if abs(a[0] - b[0]) > 1e-12:
                    found.append(f"{name} {view}: constant, but {a[0]} and {b[0]}")
                continue
            a, b = np.round(a, 9), np.round(b, 9)  # sums in another order differ in their last bits: equal all the same
            says = f"{name} {view}: mean {a.mean():.4g} and {b.mean():.4g}, sd {a.std():.2g}, {b.std():.2g}"
            tests.append((ks_2samp(a, b, method="exact").pvalue, says))
            if quarter is None:
                tests.append((mannwhitneyu(a, b, method="asymptotic").pvalue, says))
    for rank, (p, sentence) in enumerate(sorted(tests)):
        if p * (len(tests) - rank) >= ALPHA:
            break
        found.append(f"{sentence} (p {p:.1g})")
    return found


@pytest.mark.parametrize("start", STARTS)
def test_the_readable_model_and_the_engine_agree_in_distribution(start):
    assert disagreements(readable(start), compiled(start)) == []


@pytest.mark.parametrize(("start", "name", "factor"), [
    ("lets_dance", "mu", 0.75), ("lone_ranger", "f", 0.75), ("dead_horse", "chi", 0.75), ("stirred", "end_rate", 0.5),
    ("stirred", "back", 0.5),
])
def test_a_parameter_changed_in_only_one_of_them_is_found(start, name, factor):
    assert disagreements(readable(start), compiled(start, **{name: factor})) != []


def test_a_group_of_others_is_found():
    assert disagreements(readable("stirred"), compiled("stirred", "the richest quarter")) != []


def test_rules_are_plain_python_through_and_through():
    """Neither a rule nor one that it calls is compiled, and they are the engine's to the last bit."""
    p = defaults()
    rule = willingness.next_willingness
    assert not hasattr(rule, "py_func")
    assert not hasattr(rule.__globals__["logistic"], "py_func")
    assert rule.__globals__["logistic"].__globals__["exp"] is numbers.exp
    assert plain(rules.willingness).next_willingness is rule
    assert rule(0.3, 0.1, 1.5, p) == rules.willingness.next_willingness(0.3, 0.1, 1.5, p)


def test_what_the_readable_model_cannot_do_is_refused():
    with pytest.raises(ValueError, match="on_trust"):
        ReadableModel([defaults(on_trust=0)])
