"""Does who has adopted tell how many will? `uv run python -m benchmarks.composition [--law bounded] [--country 321]`.

Invented countries of 50 units (`synthetic.policies`), in which who adopts has to do with the ceiling (`--law bounded`) or
not. The first policies are past and known whole; the others are cut where they reached 16, 34 and 50 % and forecast for 100
periods twice: from the curve, and with the table of units (`experiments.adopters.composition`), by the same prior, the one
that ships or (with `--learn`) one learnt from the past policies. By cut, over all countries: truth below and above the
80 % interval (%), error of the median, CRPS and error of the level at the end of each record, in points of the population,
and by how many periods the time to 84 % was off and late (median) where it was reached; then how much less each error is,
with its standard error over policies.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

import numpy as np
import pandas as pd

from benchmarks.forecasts import MEASURES, cuts, measured
from letsdance.experiments.adopters import composition, synthetic, who
from letsdance.experiments.adopters.forecast import forecasts
from letsdance.experiments.adopters.prior import PERIODS, learn

#: name -> law of policies; "any" has a ceiling of its own, whoever adopts.
LAWS = {"any": None, "bounded": synthetic.bounded}
_COMPARED = ("CRPS", "MAE", "level", "if reached off")


def country(law: str, seed: int, past: int, count: int, learns: bool, told: bool) -> pd.DataFrame:
    """A row a forecast and way ("curve", "units"): policy, cut, MEASURES and "level". told: with edges and covariates."""
    made = synthetic.policies(past + count, seed=seed, law=LAWS[law])
    full = who.read(made.times, made.edges if told else None, made.covariates if told else None)
    known = replace(full, cascades=full.cascades[:past], times=full.times[:past], until=full.until[:past])
    began = time.process_time()
    prior = learn([who.curve_until(known, c, known.until[c]) for c in range(past)], seed=seed) if learns else None
    units = composition.learn(known, prior, seed)
    print(f"{law} {seed}: {time.process_time() - began:.0f} s of processor time; {units.tried} past policies, ridge "
          f"{units.ridge}", flush=True)
    # What is forecast is in the table too: it is not learnt from, but tells how early units adopted other things.
    units = replace(units, known=full)
    cut = cuts([who.curve_until(full, c, full.until[c]) for c in range(past, past + count)], None)
    rows = []
    for way, with_ in (("curve", None), ("units", units)):
        paths = [f.paths for f in forecasts([c.until(at + 1) for c, at, _ in cut], prior, seed=seed, units=with_)]
        for (c, at, name), one in zip(cut, paths, strict=True):
            end = min(len(c.cum) - 1, at + PERIODS)
            level = 100 * abs(float(np.median(one[:, end - at - 1])) - c.cum[end]) / c.population
            rows.append({"way": way, "policy": f"{seed} {c.name}", "cut": name, "level": level,
                         **dict(zip(MEASURES, measured(c, at, one), strict=True))})
    return pd.DataFrame(rows)


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--law", choices=LAWS, default="bounded")
    asked.add_argument("--country", type=int, action="append", help="seed; may be repeated [321]")
    asked.add_argument("--past", type=int, default=50)
    asked.add_argument("--count", type=int, default=40)
    asked.add_argument("--learn", action="store_true", help="learn a prior from the past policies")
    asked.add_argument("--times-only", action="store_true", help="without edges and covariates")
    given = asked.parse_args()
    rows = pd.concat([country(given.law, seed, given.past, given.count, given.learn, not given.times_only)
                      for seed in given.country or [321]])
    told = rows.groupby(["cut", "way"])
    found = told[["below", "above", "MAE", "CRPS", "level", "interval", "if reached off"]].mean()
    print(found.assign(late=told["if reached"].median()).round(2).to_string())
    wide = rows.pivot(index=["cut", "policy"], columns="way", values=list(_COMPARED))
    for measure in _COMPARED:
        less = wide[measure]["units"] - wide[measure]["curve"]
        print(f"{measure} less:", less.groupby("cut").agg(["mean", "sem", "count"]).round(2).to_string())


if __name__ == "__main__":
    main()
