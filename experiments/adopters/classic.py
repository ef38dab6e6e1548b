"""The classic models of diffusion by name, each a limit case of our engine, with its closed form beside it.

>>> found = classic_model("granovetter", runs=2, n=200)
>>> found.shares.shape[0], bool((found.shares[:, -1] > .9).all())
(2, True)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from letsdance.experiments.adopters.statistics import exposure
from letsdance.params import Refused, nearest
from letsdance.simulation import limits
from letsdance.words import IN_ENGLISH, Text


@dataclass(frozen=True)
class Setting:
    """A parameter of a classic model. name: of the text that says what it is."""

    default: float
    low: float
    high: float
    name: str
    whole: bool = False

    def says(self, text: Text = IN_ENGLISH) -> str:
        """What it is."""
        return text(f"report.classic_set_{self.name}")


@dataclass(frozen=True)
class _Model:
    source: str
    settings: Mapping[str, Setting]
    simulate: Callable[..., np.ndarray]        # (values, seed) -> shares at the times of `times`
    times: Callable[..., np.ndarray]
    closed: Callable[..., np.ndarray | None]   # (values, times) -> share of the closed form
    unit: str
    findings: Callable[..., list[str]]         # (values, shares, times, text) -> sentences


@dataclass(frozen=True, eq=False)
class Classic:
    """Runs of a classic model and its closed form. R runs, k times."""

    name: str
    source: str
    settings: dict[str, float]
    time: np.ndarray              # float64[k]
    unit: str                     # of time
    shares: np.ndarray            # float64[R, k], share that has adopted
    closed: np.ndarray | None     # float64[k], NaN where there is none
    seed: int

    @property
    def findings(self) -> tuple[str, ...]:
        """`found`, in English."""
        return self.found()

    def found(self, text: Text = IN_ENGLISH) -> tuple[str, ...]:
        """Simulation and theory side by side, in sentences."""
        return tuple(MODELS[self.name].findings(self.settings, self.shares, self.time, text))

    @property
    def gap(self) -> float:
        """The largest distance between the runs' mean and the closed form; NaN where there is none."""
        return float("nan") if self.closed is None else float(np.nanmax(np.abs(self.shares.mean(axis=0) - self.closed)))


def said_of(name: str, what: str, text: Text = IN_ENGLISH) -> str:
    """Of a model its title, what it says, or what its closed form is called. what: title, says or closed."""
    return text(f"report.classic_{what}_{name}")


def _n(default: int, high: int) -> Setting:
    return Setting(default, 10, high, "n", whole=True)


def _at(when: np.ndarray, times: np.ndarray) -> np.ndarray:
    """The share that has adopted by each time."""
    return np.searchsorted(np.sort(when), times, side="right") / len(when)


def _when(values: np.ndarray, times: np.ndarray, share: float) -> float:
    """The first time at which a curve has reached a share; NaN if it does not."""
    reached = np.flatnonzero(values >= share)
    return float(times[reached[0]]) if len(reached) else float("nan")


# ---------------------------------------------------------------- Bass and SI, in continuous time

def _clock(v: Mapping[str, float]) -> np.ndarray:
    return np.linspace(0.0, v["horizon"], 121)


def _bass(v: Mapping[str, float], seed: int) -> np.ndarray:
    return _at(limits.bass(v["p"], v["q"], int(v["n"]), v["dt"], v["horizon"], seed), _clock(v) + v["dt"] / 2)


def _bass_found(v: Mapping[str, float], shares: np.ndarray, times: np.ndarray, text: Text) -> list[str]:
    mean = shares.mean(axis=0)
    said = [text("report.classic_half", mean=text.number(_when(mean, times, .5), 1),
                 closed=text.number(float(limits.bass_time(.5, v["p"], v["q"])), 1))]
    if v["q"] > v["p"]:
        when, share, _ = limits.bass_peak(v["p"], v["q"])
        low, high = limits.bass_inflections(v["p"], v["q"])
        said.append(text("report.classic_peak", when=text.number(when, 1), share=text.percent(share),
                         low=text.number(max(low, 0), 1), high=text.number(high, 1)))
    return said


def _si(v: Mapping[str, float], seed: int) -> np.ndarray:
    n = int(v["n"])
    seeds = limits.random_seeds(n, max(1, round(v["seeds"] * n)), seed)
    return _at(limits.si(n, v["beta"], seeds, v["dt"], v["horizon"], seed), _clock(v) + v["dt"] / 2)


def _si_closed(v: Mapping[str, float], times: np.ndarray) -> np.ndarray:
    start = max(1, round(v["seeds"] * v["n"])) / v["n"]
    return 1.0 / (1.0 + (1.0 - start) / start * np.exp(-v["beta"] * times))


def _si_found(v: Mapping[str, float], shares: np.ndarray, times: np.ndarray, text: Text) -> list[str]:
    closed = _si_closed(v, times)
    return [text("report.classic_half_logistic", mean=text.number(_when(shares.mean(axis=0), times, .5), 1),
                 closed=text.number(_when(closed, times, .5), 1))]


# ---------------------------------------------------------------- thresholds, in rounds

def _rounds(v: Mapping[str, float]) -> np.ndarray:
    return np.arange(v["rounds"] + 1)


def _granovetter(v: Mapping[str, float], seed: int) -> np.ndarray:
    n = int(v["n"])
    rng = np.random.default_rng(np.random.SeedSequence([seed, _CROWD]))
    return _at(limits.granovetter(n * rng.normal(v["mean"], v["sd"], n)), _rounds(v))


_CROWD = 7002  # the purpose of this luck


def _granovetter_closed(v: Mapping[str, float], times: np.ndarray) -> np.ndarray:
    share = np.zeros(len(times))
    for t in range(1, len(times)):
        share[t] = stats.norm.cdf(share[t - 1], v["mean"], v["sd"])
    return share


def _granovetter_found(v: Mapping[str, float], shares: np.ndarray, times: np.ndarray, text: Text) -> list[str]:
    rest = limits.granovetter_equilibrium(v["mean"], v["sd"])
    final = shares[:, -1]
    apart = text("report.classic_crowd_apart") if np.ptp(final) > 0.2 else ""
    return [text("report.classic_crowd", rest=text.percent(rest), n=text.number(int(v["n"])), apart=apart,
                 mean=text.percent(final.mean()), low=text.percent(final.min()), high=text.percent(final.max()))]


def _watts(v: Mapping[str, float], seed: int) -> np.ndarray:
    return _at(limits.watts(int(v["n"]), v["z"], v["phi"], seed, int(v["seeds"])), _rounds(v))


def _watts_closed(v: Mapping[str, float], times: np.ndarray) -> np.ndarray | None:
    """The mean path from a random share of seeds under synchronous rounds (Gleeson and Cahalane 2007, eqs. 1-3)."""
    start = v["seeds"] / v["n"]
    if v["seeds"] < _FEW:
        return None
    k = np.arange(int(v["z"] + 12.0 * np.sqrt(v["z"])) + 12)
    needed = np.concatenate([[np.inf], np.rint(limits.fraction_needed(v["phi"], k[1:]) * k[1:])])
    p_k = stats.poisson.pmf(k, v["z"])
    share, q = np.empty(len(times)), start
    share[0] = start
    for t in range(1, len(times)):
        share[t] = start + (1 - start) * (p_k * stats.binom.sf(needed - 1, k, q))[1:].sum()
        q = start + (1 - start) * (k * p_k / v["z"] * stats.binom.sf(needed - 1, k - 1, q))[1:].sum()
    return share


_FEW = 10  # seeds below which a mean path says little: chance decides whether it takes off


def _watts_found(v: Mapping[str, float], shares: np.ndarray, times: np.ndarray, text: Text) -> list[str]:
    final, window = shares[:, -1], limits.watts_window(v["phi"])
    large = (final > 0.1).mean()
    said = [text("report.classic_large", share=text.percent(large), least=text.percent(0.1))]
    if window is None:
        return [*said, text("report.classic_window_none", phi=text.typed(v["phi"]))]
    inside = window[0] < v["z"] < window[1]
    return [*said, text("report.classic_window_inside" if inside else "report.classic_window_outside",
                        low=text.number(window[0], 2), high=text.number(window[1], 2), z=text.typed(v["z"]),
                        chance=text.percent(limits.watts_chance(v["z"], v["phi"]) if inside else 0.0))]


def _centola_macy(v: Mapping[str, float], seed: int) -> np.ndarray:
    return _at(limits.centola_macy(int(v["n"]), int(v["degree"]), int(v["tau"]), v["rewired"], seed), _rounds(v))


def _centola_macy_closed(v: Mapping[str, float], times: np.ndarray) -> np.ndarray:
    seeds = v["degree"] + 1
    front = limits.front_speed(int(v["degree"]) // 2, int(v["tau"]))
    return np.minimum(1.0, (seeds + 2 * front * times) / v["n"])


def _centola_macy_found(v: Mapping[str, float], shares: np.ndarray, times: np.ndarray, text: Text) -> list[str]:
    ring, full = _when(_centola_macy_closed(v, times), times, .9), (shares[:, -1] >= .9).mean()
    steps = np.array([_when(one, times, .9) for one in shares])
    told = text("report.classic_ring_median", n=text.number(np.nanmedian(steps))) if full else text(
        "report.classic_ring_never")
    alone = text("report.classic_ring_after", n=text.number(ring)) if np.isfinite(ring) else text("report.classic_ring_not")
    return [text("report.classic_ring", share=text.percent(full), most=text.percent(0.9), when=told, alone=alone),
            text("report.classic_long_ties" if v["tau"] > 1 else "report.classic_long_ties_help")]


_ROUNDS = Setting(20, 1, 5000, "rounds", whole=True)
_DT = Setting(.01, .001, .05, "dt")
MODELS: dict[str, _Model] = {
    "bass": _Model(
        "Bass 1969",
        {"p": Setting(.03, 1e-4, 1, "p"), "q": Setting(.38, 0, 2, "q"), "n": _n(1000, 200_000),
         "horizon": Setting(20, 1, 200, "horizon"), "dt": _DT},
        _bass, _clock, lambda v, times: limits.bass_curve(times, v["p"], v["q"]) if v["q"] > 0
        else 1 - np.exp(-v["p"] * times), "time", _bass_found),
    "si": _Model(
        "Kermack and McKendrick 1927; Daley and Gani 1999",
        {"beta": Setting(1, .01, 5, "beta"), "n": _n(1000, 200_000), "seeds": Setting(.05, 1e-5, .9, "seeds_share"),
         "horizon": Setting(10, 1, 200, "horizon"), "dt": _DT},
        _si, _clock, _si_closed, "time", _si_found),
    "granovetter": _Model(
        "Granovetter 1978",
        {"mean": Setting(.25, -1, 2, "mean"), "sd": Setting(.16, .001, 1, "sd"), "n": _n(1000, 200_000),
         "rounds": _ROUNDS},
        _granovetter, _rounds, _granovetter_closed, "round", _granovetter_found),
    "watts": _Model(
        "Watts 2002; Gleeson and Cahalane 2007",
        {"z": Setting(4, .1, 30, "z"), "phi": Setting(.18, .001, 1, "phi"),
         "seeds": Setting(50, 1, 100_000, "seeds", whole=True), "n": _n(5000, 200_000), "rounds": _ROUNDS},
        _watts, _rounds, _watts_closed, "round", _watts_found),
    "centola_macy": _Model(
        "Centola and Macy 2007",
        {"tau": Setting(2, 1, 20, "tau", whole=True), "degree": Setting(10, 2, 40, "degree", whole=True),
         "rewired": Setting(.1, 0, 1, "rewired"), "n": _n(1000, 100_000),
         "rounds": Setting(150, 1, 5000, "rounds", whole=True)},
        _centola_macy, _rounds, _centola_macy_closed, "round", _centola_macy_found),
}


def settings(name: str) -> Mapping[str, Setting]:
    """What can be set in a model, or `Refused`."""
    if name not in MODELS:
        raise Refused("there is no classic model {name!r}.{near} Known: {known}.", name=name, near=nearest(name, MODELS),
                      known=", ".join(MODELS))
    return MODELS[name].settings


def classic_model(name: str, runs: int = 20, seed: int = 1, progress: Callable[[int], None] | None = None,
                  **changes: Any) -> Classic:
    """Run a classic model on our engine, seeds seed, seed + 1, ..., beside its closed form.

    name: bass, si, granovetter, watts or centola_macy. changes: its parameters (`settings`). Raises `Refused`.
    """
    known = settings(name)
    model, values = MODELS[name], {key: setting.default for key, setting in known.items()}
    value: Any
    for key, value in changes.items():
        if key not in known:
            raise Refused("{name} has no parameter {key!r}.{near} Known: {known}.", name=name, key=key,
                          near=nearest(key, known), known=", ".join(known))
        one = known[key]
        number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
        if not number or not one.low <= value <= one.high or (one.whole and float(value) != round(float(value))):
            raise Refused("{key} ({says}) must be a whole number from {low:g} to {high:g}, not {value!r}." if one.whole else
                          "{key} ({says}) must be a number from {low:g} to {high:g}, not {value!r}.", key=key,
                          says=one.says(), low=one.low, high=one.high, value=value)
        values[key] = float(value)
    if name == "watts" and values["z"] >= values["n"] - 1:
        raise Refused("z ({z:g}) must be lower than n - 1; take more people.", z=values["z"])
    if values.get("seeds", 0) > values["n"]:
        raise Refused("seeds ({seeds:g}) must not be more than n ({n:g}).", seeds=values["seeds"], n=values["n"])
    if name == "centola_macy" and (values["degree"] % 2 or values["degree"] >= values["n"] - 1):
        raise Refused("degree must be even and lower than n - 1, not {degree:g}.", degree=values["degree"])
    for label, value, most in (("runs", runs, 10_000), ("seed", seed, 2**62)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or not (label == "runs") <= value <= most:
            raise Refused("{label} must be a whole number from {value} to {most:,}, not {value_2!r}.", label=label,
                          value=int(label == "runs"), most=most, value_2=value)
    times = np.asarray(model.times(values), np.float64)
    shares = np.empty((runs, len(times)))
    for r in range(runs):
        shares[r] = model.simulate(values, int(seed) + r)
        if progress:
            progress(1)
    closed = model.closed(values, times)
    return Classic(name, model.source, values, times, model.unit, shares, closed, int(seed))


def threshold_diffusion(thresholds: Any, network: Any, seeds: Any, periods: int, **how: Any) -> np.ndarray:
    """float64[n]: periods 1, 2, ... in which each adopts when exposure reaches his threshold; NaN: not by then.

    seeds (True or False each) adopt in period 1. In period t everybody looks at who had adopted by t-1, at once, so a
    threshold of 0 adopts in period 2, with or without contacts that have adopted (netdiffuseR's rdiffnet). how: as of
    `statistics.exposure` (normalised, direction, valued).
    """
    needed, seeds = np.asarray(thresholds, np.float64), np.asarray(seeds, bool)
    if needed.shape != seeds.shape or needed.ndim != 1:
        raise Refused("there are {size} thresholds but {seeds_size} seeds; they must be as many.", size=needed.size,
                      seeds_size=seeds.size)
    if isinstance(periods, bool) or not isinstance(periods, int | np.integer) or periods < 1:
        raise Refused("periods must be a whole number from 1, not {periods!r}.", periods=periods)
    when = np.where(seeds, 1.0, np.nan)
    for t in range(2, periods + 1):
        if isinstance(network, list | tuple) and not hasattr(network, "ties"):
            now = network[t - 1]
        else:
            now = network
        seen = exposure(np.where(np.isnan(when), np.nan, 1.0), now, first=1, last=1, **how)[:, 0]
        when[np.isnan(when) & (seen >= needed)] = t
    return when


__all__ = ["MODELS", "Classic", "Setting", "classic_model", "said_of", "settings", "threshold_diffusion"]
