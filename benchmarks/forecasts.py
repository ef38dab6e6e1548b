"""How well late adoption is forecast where the truth is known: `uv run python -m benchmarks.forecasts`.

Invented cascades from worlds that the model does not assume (experiments.adopters.synthetic), and from all of them mixed,
are cut where 16, 34 and 50 % of the population have adopted (`--eventual`: of those who ever will) and forecast for 100
periods. "Learnt" has learnt from `--past` other cascades of the same world; "default" (with `--default`) is the prior that
ships, made again without the world that it is tried on. The Brier score is that of the chance that 84 % is not reached
by the end of the record, beside that of the share of past cascades of which this was so. None of these cascades is data.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from letsdance.experiments.adopters import backtest, invented, synthetic
from letsdance.experiments.adopters.forecast import forecasts
from letsdance.experiments.adopters.history import Cascade
from letsdance.experiments.adopters.prior import PERIODS, STAGES, Prior, learn

#: Rival -> (curve, method).
CURVES = {"Bass, likelihood": ("bass", "ml"), "Bass, least squares": ("bass", "ls"), "logistic": ("logistic", "ml"),
          "Gompertz": ("gompertz", "ml")}


def taken(world: str, count: int, seed: int, least: float) -> list[Cascade]:
    """Cascades of a world, or of all worlds in turn."""
    if world != "mixed":
        return synthetic.cascades(world, count, seed=seed, least=least)
    each = [synthetic.cascades(name, -(-count // len(synthetic.WORLDS)), seed=seed + 100, least=least)
            for name in synthetic.WORLDS]
    return [c for together in zip(*each, strict=True) for c in together][:count]


def stalling(past: Sequence[Cascade], stage: float, eventual: bool) -> float:
    """Share of past cascades that reached this stage and then not 84 %; of two more, one did."""
    told = [c.reaches(0.84) is None for c in past if c.reaches(stage, c.adopters if eventual else None) is not None]
    return (sum(told) + 1) / (len(told) + 2)


def mean(rows: Sequence[Sequence[float]]) -> np.ndarray:
    """Means of the columns over what is told; NaN where nothing is."""
    values = np.array(rows)
    told = np.isfinite(values)
    return np.where(told.any(axis=0), np.nansum(values, axis=0) / np.maximum(told.sum(axis=0), 1), np.nan)


def score(world: str, before: int, count: int, seed: int, eventual: bool, default: Prior | None) -> None:
    """Print a row a model: means over cascades and standard errors over cascades."""
    least = 0.1 if eventual else 0.16
    past, fresh = taken(world, before, seed, least), taken(world, count, seed + 1, least)
    cut = [(c, at, stage) for c in fresh for stage in STAGES
           if (at := c.reaches(stage, c.adopters if eventual else None)) is not None and 2 <= at < len(c.cum) - 1]
    histories = [c.until(at + 1) for c, at, _ in cut]
    began = time.perf_counter()
    prior = learn(past, seed=seed)
    learning, began = time.perf_counter() - began, time.perf_counter()
    made: dict[str, Sequence[np.ndarray | None]] = {}
    made["ours, learnt"] = [f.paths for f in forecasts(histories, prior, seed=seed)]
    seconds = time.perf_counter() - began
    if default is not None:
        made["ours, default"] = [f.paths for f in forecasts(histories, default, seed=seed)]
    rng = np.random.default_rng(seed)
    with ThreadPoolExecutor() as pool:
        for name, (curve, method) in CURVES.items():
            luck = rng.spawn(len(histories))
            made[name] = list(pool.map(lambda h, r, c=curve, m=method: backtest.by_curve(h, c, 500, r, m), histories, luck))
    made["persistence"] = [backtest.persistence(h, 500, rng) for h in histories]
    made["reference class"] = [backtest.reference(h, past, 500, rng) for h in histories]
    print(f"\n{world}, cut at shares of {'eventual adopters' if eventual else 'the population'}: learnt from {len(past)} "
          f"cascades in {learning:.0f} s, {len(cut)} forecasts of {len(fresh)} others in {seconds:.0f} s; shares of "
          f"similar cascades {prior.pool}")
    rows = {}
    for model, paths in made.items():
        each: dict[str, list[list[float]]] = {}
        for (c, at, stage), one in zip(cut, paths, strict=True):
            if one is not None:
                truth = c.cum[at + 1:at + 1 + PERIODS]
                found = backtest.measured(c, at, one, truth)
                below = 0.84 * c.population - 1e-9
                stalls, chance = float(truth[-1] < below), float((one[:, len(truth) - 1] < below).mean())
                each.setdefault(c.name, []).append([*(100 * found[name] for name in ("coverage", "crps", "mae")),
                                                    found["time_84"], (chance - stalls)**2,
                                                    (stalling(past, stage, eventual) - stalls)**2])
        rows[model] = {name: mean(one) for name, one in each.items()}
        values = np.array(list(rows[model].values()))
        told = np.isfinite(values).sum(axis=0)  # a time to 84 % is no forecast where the cut jumped past it
        means, errors = np.nanmean(values, axis=0), np.nanstd(values, axis=0, ddof=1) / np.sqrt(told)
        gap = np.array([one[1] - rows["ours, learnt"][name][1] for name, one in rows[model].items()])
        print(f"  {model:20s} 80 % intervals hold {means[0]:5.1f} ± {errors[0]:3.1f} %   CRPS {means[1]:5.2f} ± "
              f"{errors[1]:.2f}   median's error {means[2]:5.2f} ± {errors[2]:.2f}   CRPS less ours, learnt "
              f"{gap.mean():+6.2f} ± {gap.std(ddof=1) / np.sqrt(len(gap)):.2f}   time to 84 % off by {means[3]:4.1f} ± "
              f"{errors[3]:.1f}   Brier of stalling {means[4]:.3f} ± {errors[4]:.3f} (past share {means[5]:.3f})",
              flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--past", type=int, default=40, help="cascades of each world to learn from")
    parser.add_argument("--count", type=int, default=40, help="others to forecast")
    parser.add_argument("--default", action="store_true", help="try the default prior, made again without each world")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--eventual", action="store_true", help="cut at shares of those who ever adopt")
    parser.add_argument("--world", action="append", choices=[*synthetic.WORLDS, "mixed"])
    chosen = parser.parse_args()
    for world in chosen.world or [*synthetic.WORLDS, "mixed"]:
        default = invented.learnt(without=world) if chosen.default and world != "mixed" else None
        score(world, chosen.past, chosen.count, chosen.seed, chosen.eventual, default)


if __name__ == "__main__":
    main()
