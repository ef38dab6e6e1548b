"""How well late adoption is forecast where the truth is known: `uv run python -m benchmarks.forecasts`.

Invented cascades from four worlds that the model does not assume (experiments.adopters.synthetic) and from all of them
mixed; half teach a prior, the others are cut at 16, 34 or 50 % in turn and forecast for 100 periods. They are not data.
"""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from experiments.adopters import backtest, synthetic
from experiments.adopters.forecast import forecasts
from experiments.adopters.history import Cascade
from experiments.adopters.prior import PERIODS, STAGES, learn, weak


def taken(world: str, count: int, seed: int) -> list[Cascade]:
    """Cascades of a world, or of all worlds in turn."""
    if world != "mixed":
        return synthetic.cascades(world, count, seed=seed)
    each = [synthetic.cascades(name, -(-count // len(synthetic.WORLDS)), seed=seed + 100) for name in synthetic.WORLDS]
    return [c for together in zip(*each, strict=True) for c in together][:count]


def score(world: str, count: int, seed: int) -> float:
    """Print a row a model; returns the seconds that our forecasts with a learnt prior took."""
    past, fresh = taken(world, count, seed), taken(world, count, seed + 1)
    cut = [(c, at) for k, c in enumerate(fresh) if (at := c.reaches(STAGES[k % 3])) is not None
           and 2 <= at < len(c.cum) - 1]
    histories = [c.until(at + 1) for c, at in cut]
    began = time.perf_counter()
    prior = learn(past, seed=seed)
    learning, began = time.perf_counter() - began, time.perf_counter()
    made = {"ours, learnt prior": [f.paths for f in forecasts(histories, prior, seed=seed)]}
    seconds = time.perf_counter() - began
    made["ours, no prior"] = [f.paths for f in forecasts(histories, weak(), seed=seed)]
    rng = np.random.default_rng(seed)
    with ThreadPoolExecutor() as pool:
        for curve in ("bass", "logistic", "gompertz"):
            luck = rng.spawn(len(histories))
            made[curve] = list(pool.map(lambda h, r, c=curve: backtest.by_curve(h, c, 500, r), histories, luck))
    made["persistence"] = [backtest.persistence(h, 500, rng) for h in histories]
    classes = [backtest.reference(h, past, 500, rng) for h in histories]
    made["reference class"] = [paths for paths in classes if paths is not None]
    print(f"\n{world}: prior from {len(past)} cascades in {learning:.0f} s, {len(cut)} others forecast in {seconds:.0f} s")
    for model, paths in made.items():
        told = cut if model != "reference class" else [c for c, p in zip(cut, classes, strict=True) if p is not None]
        found = [backtest.measured(c, at, p, c.cum[at + 1:at + 1 + PERIODS]) for (c, at), p in
                 zip(told, paths, strict=True)]
        mean = {name: np.nanmean([one[name] for one in found]) for name in backtest.MEASURES}
        error = np.std([one["coverage"] for one in found]) / np.sqrt(len(found))
        print(f"  {model:20s} 80 % intervals hold {mean['coverage']:6.1%} ± {error:4.1%}  CRPS {100 * mean['crps']:5.2f}   "
              f"median's error {100 * mean['mae']:5.2f} points   time to 84 % {mean['time_84']:5.1f} periods", flush=True)
    return seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=80, help="cascades of each of five worlds (80: 400 forecasts)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--world", action="append", choices=[*synthetic.WORLDS, "mixed"])
    chosen = parser.parse_args()
    seconds = [score(world, chosen.count, chosen.seed) for world in chosen.world or [*synthetic.WORLDS, "mixed"]]
    print(f"\nforecasts with 500 paths each: {sum(seconds):.0f} s in all (promised: 400 cascades within 20 minutes)")


if __name__ == "__main__":
    main()
