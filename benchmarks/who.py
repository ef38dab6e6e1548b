"""Who adopts next, where the truth is known: `uv run python -m benchmarks.who [--country 201]`.

An invented country (`synthetic.policies`) of 50 units and 60 policies. C-index by a rolling origin, at 16, 34 and 50 %, of
ours and of each thing alone; and whether the chances hold: of the units that were given 20 to 30 % some periods ahead, how
many had adopted by then. Units of a policy adopt or wait together, so standard errors are taken over policies.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
import pandas as pd

from letsdance.experiments.adopters import forecast, synthetic, who
from letsdance.experiments.adopters.history import Cascade
from letsdance.experiments.adopters.prior import Prior
from letsdance.params import Refused

SHARES = (0.16, 0.34, 0.5)
AHEAD = (1, 3, 5, 10)
_LATEST = 0.6  # of the policies, the latest count: they have a past
_FEWEST = 50   # units in a bin of which something is said


def chances(known: who.Adoptions, most: int, seed: int) -> pd.DataFrame:
    """A row a unit, origin and period ahead: policy, share, ahead, said (its chance), came (whether it had adopted)."""
    rows = []
    begun = np.argsort([known.first(c) for c in range(len(known.cascades))])
    for c in begun[int((1 - _LATEST) * len(begun)):][:most]:
        for share in SHARES:
            origin = known.reached(int(c), share)
            if origin is None or origin + AHEAD[0] > known.until[c]:
                continue
            try:
                made = who.who(known.cut(origin), known.cascades[c], AHEAD[-1], seed=seed)
            except Refused:  # nobody is left
                continue
            times = dict(zip(known.units, known.times[c], strict=True))
            when = np.array([times[unit] for unit in made.units])
            rows += [pd.DataFrame({"policy": known.cascades[c], "share": share, "ahead": h, "said": made.chances[:, h - 1],
                                   "came": when <= origin + h}) for h in AHEAD if origin + h <= known.until[c]]
    return pd.concat(rows, ignore_index=True)


def reliability(told: pd.DataFrame) -> pd.DataFrame:
    """By period ahead and tenths of the chance: how many units, from how many policies, the mean chance, the share that
    adopted, and its standard error over policies, which err as wholes (a ratio of means: Cochran, 1977)."""
    rows = []
    tenth = np.minimum((10 * told["said"]).astype(int), 9)
    for (ahead, k), here in told.groupby(["ahead", tenth]):
        came = here["came"].mean()
        off = (here["came"] - came).groupby(here["policy"]).sum().to_numpy()
        few = len(off)
        error = np.sqrt((off**2).sum() * few / (few - 1)) / len(here) if few > 1 else np.nan
        rows.append({"ahead": ahead, "from": k / 10, "units": len(here), "policies": few, "said": here["said"].mean(),
                     "came": came, "error": error})
    return pd.DataFrame(rows)


def remembered(kept: dict[tuple[object, ...], forecast.Forecast]) -> None:
    """Forecasts of the same curve to the same period are made once: each past policy is asked for by many others."""
    plain = forecast.forecast

    def once(curve: Cascade, prior: Prior | None = None, samples: int = 500, seed: int = 0) -> forecast.Forecast:
        key = curve.name, curve.last, samples, seed
        if key not in kept:
            kept[key] = plain(curve, prior, samples, seed)
        return kept[key]

    def each(curves: Sequence[Cascade], prior: Prior | None = None, samples: int = 500,
             seed: int = 0) -> list[forecast.Forecast]:
        return [once(curve, prior, samples, seed) for curve in curves]

    forecast.forecast, forecast.forecasts = once, each  # type: ignore[assignment]


def main() -> None:
    """Print both tables."""
    asked = argparse.ArgumentParser(prog="python -m benchmarks.who", description=(__doc__ or "").split("\n\n")[0])
    asked.add_argument("--country", type=int, action="append", help="seed of an invented country; may be repeated [201]")
    asked.add_argument("--most", type=int, default=36, help="policies whose chances are tried")
    given = asked.parse_args()
    told = []
    kept: dict[tuple[object, ...], forecast.Forecast] = {}
    remembered(kept)
    for seed in given.country or [201]:
        made = synthetic.policies(60, seed=seed)
        known = who.read(made.times, made.edges, made.covariates)
        tried = who.backtest(known)
        names = [name for name in tried.columns if name not in ("cascade", "share", "origin", "open")]
        print(tried.groupby("share")[names].mean().round(3).to_string(), flush=True)
        kept.clear()
        one = chances(known, given.most, seed)
        told.append(one.assign(policy=f"{seed} " + one["policy"]))
    rows = pd.concat(told, ignore_index=True)
    for ahead, here in rows.groupby("ahead"):
        p, y = here["said"], here["came"].astype(float)
        print(f"\n{ahead} periods ahead, {len(here):,} chances: {p.mean():.3f} said, {y.mean():.3f} came; Brier "
              f"{((p - y)**2).mean():.4f}, of the same chance for all {y.mean() * (1 - y.mean()):.4f}")
    found = reliability(rows)
    print(found[found["units"] >= _FEWEST].round(3).to_string(index=False))


if __name__ == "__main__":
    main()
