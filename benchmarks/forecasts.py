"""How well late adoption is forecast where the truth is known: `uv run python -m benchmarks.forecasts`.

Invented cascades are cut where 16, 34 and 50 % of the population have adopted (`--after N`: N periods after the first
adoption instead) and forecast for 100 periods. The worlds are those of `experiments.adopters.synthetic`, its policies
("policies"), all of its worlds in turn ("mixed"), and five kinds that nothing which ships has seen (`benchmarks.cascades`;
"kinds": in turn). "Learnt" has learnt from `--past` other cascades of the same world, or from each number of several: then
all forecast the same cascades, and the smaller sets are the beginnings of the largest. "Default" (with `--default`) is the
prior that ships; on a world that it has seen it is made again without. None of these cascades is data.

By a model and cut, as means over cascades: truth below and above the 80 % interval (%), error and bias of the median, CRPS
and interval score (in points of the population), and of those that reached 84 % how the median time was off (median and
mean absolute error, in periods): over all paths, and over those that get there.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence

import numpy as np

from benchmarks import cascades as kinds
from letsdance.experiments.adopters import backtest, invented, scores, synthetic
from letsdance.experiments.adopters.forecast import Forecast, forecasts
from letsdance.experiments.adopters.history import Cascade
from letsdance.experiments.adopters.prior import PERIODS, STAGES, default, learn

#: Measure -> its digits in a table; all but times are in percent.
MEASURES = {"below": 1, "above": 1, "MAE": 1, "bias": 1, "CRPS": 2, "interval": 1, "time": 1, "time off": 1,
            "if reached": 1, "if reached off": 1}
WORLDS = [*synthetic.WORLDS, "policies", "mixed", *kinds.KINDS, "kinds"]
_LATE = 0.84


def taken(world: str, count: int, seed: int) -> list[Cascade]:
    """Cascades of a world, or of all worlds in turn; at least 16 % adopt."""
    if world in kinds.KINDS or world == "kinds":
        return kinds.cascades(world, count, seed)
    if world == "policies":
        return synthetic.policies(count, seed=seed).cascades
    if world != "mixed":
        return synthetic.cascades(world, count, seed=seed)
    each = [synthetic.cascades(name, -(-count // len(synthetic.WORLDS)), seed=seed + 100) for name in synthetic.WORLDS]
    return [c for together in zip(*each, strict=True) for c in together][:count]


def cuts(fresh: Sequence[Cascade], after: int | None) -> list[tuple[Cascade, int, str]]:
    """(cascade, index of the last period seen, name of the cut), where something is left to forecast."""
    found = []
    for c in fresh:
        ends = {f"{stage:.0%}": c.reaches(stage) for stage in STAGES} if after is None else {f"{after} periods": after}
        found += [(c, at, name) for name, at in ends.items() if at is not None and at < len(c.cum) - 1]
    return found


def measured(cascade: Cascade, at: int, paths: np.ndarray) -> list[float]:
    """What `MEASURES` names; NaN where 84 % was not reached, or was before."""
    size, truth = cascade.population, cascade.cum[at + 1:at + 1 + PERIODS]
    seen = paths[:, :len(truth)]
    low, middle, high = np.quantile(seen, [0.1, 0.5, 0.9], axis=0)
    interval = high - low + 10 * np.maximum(low - truth, 0) + 10 * np.maximum(truth - high, 0)
    found = [(truth < low).mean(), (truth > high).mean(), np.abs(middle - truth).mean() / size,
             (middle - truth).mean() / size, scores.crps(seen, truth).mean() / size, interval.mean() / size]
    times = [np.nan, np.nan]
    reached = truth >= _LATE * size - 1e-9
    if reached.any() and cascade.cum[at] < _LATE * size - 1e-9:
        came = cascade.first + at + 1 + int(reached.argmax())
        made = Forecast(cascade.until(at + 1), paths, 1.0)
        some, last = made.if_reached(_LATE, [0.5]), float(made.t[-1])
        times = [min(float(made.times(_LATE, [0.5])[0]), last) - came, (last if some is None else float(some[0])) - came]
    return [*(100 * value for value in found), times[0], abs(times[0]), times[1], abs(times[1])]


def rows(model: str, cut: Sequence[tuple[Cascade, int, str]], paths: Sequence[np.ndarray | None]) -> None:
    """Print a row a cut: the medians of signed times, and the means of all else."""
    for name in dict.fromkeys(name for *_, name in cut):
        each = np.array([measured(c, at, one) for (c, at, what), one in zip(cut, paths, strict=True)
                         if what == name and one is not None])
        told = dict(zip(MEASURES, np.nanmean(each, axis=0), strict=True))
        told |= {"time": np.nanmedian(each[:, 6]), "if reached": np.nanmedian(each[:, 8])}
        error = each[:, 4].std(ddof=1) / np.sqrt(len(each))
        print(f"| {model} | {name} | {len(each)} | " + " | ".join(
            f"{value:.{MEASURES[measure]}f}" + (f" ± {error:.2f}" if measure == "CRPS" else "")
            for measure, value in told.items()) + " |", flush=True)


def score(world: str, past: Sequence[int], count: int, seed: int, after: int | None, shipped: bool, rivals: bool) -> None:
    """Print the rows of a world."""
    before, fresh = taken(world, max(past), seed), taken(world, count, seed + 1)
    cut = cuts(fresh, after)
    histories = [c.until(at + 1) for c, at, _ in cut]
    print(f"\n{world}: {len(cut)} forecasts of {len(fresh)} cascades\n\n| model | cut | n | " + " | ".join(MEASURES)
          + " |\n|---|---|--:|" + "--:|" * len(MEASURES))
    for many in past:
        began = time.process_time()
        prior = learn(before[:many], seed=seed)
        learning, began = time.process_time() - began, time.process_time()
        made = forecasts(histories, prior, seed=seed)
        rows(f"learnt from {many}", cut, [f.paths for f in made])
        each = (time.process_time() - began) / len(cut)
        kernel = prior.past.narrow if prior.past else 0
        print(f"(learnt in {learning:.0f} s of processor time, each forecast in {each:.2f}; shares of similar cascades "
              f"{prior.pool}, kernel {kernel:g})", flush=True)
    if shipped:
        unseen = world not in (*synthetic.WORLDS, "policies")
        known = default() if unseen else invented.learnt(without="policy" if world == "policies" else world)
        rows("default", cut, [f.paths for f in forecasts(histories, known, seed=seed)])
    if rivals:
        rng = np.random.default_rng(seed)
        models: dict[str, Callable[[Cascade], np.ndarray | None]] = {
            "Bass, likelihood": lambda h: backtest.by_curve(h, "bass", 500, rng),
            "Bass, least squares": lambda h: backtest.by_curve(h, "bass", 500, rng, "ls"),
            "logistic": lambda h: backtest.by_curve(h, "logistic", 500, rng),
            "persistence": lambda h: backtest.persistence(h, 500, rng),
            "plain reference class": lambda h: backtest.reference(h, before, 500, rng)}
        for name, model in models.items():
            rows(name, cut, [model(h) if len(h.cum) > 2 and h.adopters > 1 else None for h in histories])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--past", type=int, nargs="+", default=[50], help="cascades of each world to learn from")
    parser.add_argument("--count", type=int, default=60, help="others to forecast")
    parser.add_argument("--after", type=int, help="cut so many periods after the first adoption")
    parser.add_argument("--default", action="store_true", help="try the prior that ships, too")
    parser.add_argument("--rivals", action="store_true", help="try classic curves, persistence and a plain reference class")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--world", action="append", choices=WORLDS)
    chosen = parser.parse_args()
    for world in chosen.world or ["policies", "mixed", "kinds"]:
        score(world, sorted(chosen.past), chosen.count, chosen.seed, chosen.after, chosen.default, chosen.rivals)


if __name__ == "__main__":
    main()
