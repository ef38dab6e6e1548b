"""Who adopts next, where the truth is known: `uv run python -m benchmarks.who [--country 201]`.

An invented country (`synthetic.policies`) of 50 units and 60 policies. C-index by a rolling origin, at 16, 34 and 50 %, of
ours and of each thing alone; and the chances said five periods ahead, in bins, beside how many of these units did adopt.
"""

from __future__ import annotations

import argparse
from itertools import pairwise

import numpy as np

from letsdance.experiments.adopters import synthetic, who
from letsdance.params import Refused

SHARES = (0.16, 0.34)
AHEAD = 5
_BINS = (0.0, 0.05, 0.15, 0.3, 0.5, 0.75, 1.0)
_LATEST = 0.6  # of the policies, the latest count: they have a past


def chances(known: who.Adoptions, most: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """What was said of each unit AHEAD periods after an origin, and whether it had adopted by then."""
    said, came = [], []
    begun = np.argsort([known.first(c) for c in range(len(known.cascades))])
    for c in begun[int((1 - _LATEST) * len(begun)):][:most]:
        for share in SHARES:
            origin = known.reached(int(c), share)
            if origin is None or origin + AHEAD > known.until[c]:
                continue
            try:
                made = who.who(known.cut(origin), known.cascades[c], AHEAD, seed=seed)
            except Refused:  # nobody is left
                continue
            times = dict(zip(known.units, known.times[c], strict=True))
            said.append(made.chances[:, -1])
            came.append(np.array([times[unit] <= origin + AHEAD for unit in made.units]))
    return np.concatenate(said), np.concatenate(came)


def main() -> None:
    """Print both tables."""
    asked = argparse.ArgumentParser(prog="python -m benchmarks.who", description=(__doc__ or "").split("\n\n")[0])
    asked.add_argument("--country", type=int, action="append", help="seed of an invented country; may be repeated [201]")
    asked.add_argument("--most", type=int, default=36, help="policies whose chances are tried")
    given = asked.parse_args()
    said, came = [], []
    for seed in given.country or [201]:
        made = synthetic.policies(60, seed=seed)
        known = who.read(made.times, made.edges, made.covariates)
        tried = who.backtest(known)
        names = [name for name in tried.columns if name not in ("cascade", "share", "origin", "open")]
        print(tried.groupby("share")[names].mean().round(3).to_string())
        one, other = chances(known, given.most, seed)
        said.append(one)
        came.append(other)
    p, y = np.concatenate(said), np.concatenate(came)
    base = np.mean(y)
    print(f"\n{len(y):,} chances, {AHEAD} periods ahead: {p.mean():.3f} said, {base:.3f} came; Brier "
          f"{np.mean((p - y)**2):.4f}, of the same chance for all {base * (1 - base):.4f}\n\n"
          "| said | units | mean said | came |\n|---|--:|--:|--:|")
    for low, high in pairwise(_BINS):
        here = (p >= low) & ((p < high) | (high == 1.0))
        if here.any():
            print(f"| {low:.0%} to {high:.0%} | {here.sum():,} | {p[here].mean():.3f} | {y[here].mean():.3f} |")


if __name__ == "__main__":
    main()
