"""The prior for those who bring no past cascades, learnt from invented ones: `python -m experiments.adopters.invented`.

Every invented world (experiments.adopters.synthetic) gives equally many cascades. In most worlds nearly all curves fill,
whereas many policies of US states stay below 60 % (Boehmke and Skinner, 2012): every third cascade is therefore one to
which only a part is open. Curves about published parameters (Sultan, Farley and Lehmann, 1990) and policies that the same
units adopt one after another have ceilings of their own and are taken as they are. What is tried on a world is learnt from
the other worlds, because a curve that a user brings comes from none of them. No data are in it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from letsdance.experiments.adopters import prior, synthetic
from letsdance.experiments.adopters.history import Cascade

FILE = Path(__file__).with_name("invented_prior.json")
SEED = 7
DRAWS = 1000
_EACH = 24
_POPULATION = 50
_PERIODS = 120
_LEAST = 0.1  # what fewer adopt is not called a cascade
_PURPOSE = 0x6F70656E  # names this use of a seed


def partly(cascade: Cascade, rng: np.random.Generator) -> Cascade:
    """The cascade if only a part were open to it: some of its adopters, drawn at random, are left out.

    How many are left in is drawn evenly from a tenth of the population to all of them.
    """
    few = min(int(np.ceil(_LEAST * cascade.population)), cascade.adopters)
    left = int(rng.integers(few, cascade.adopters + 1))
    new = rng.multivariate_hypergeometric(cascade.new, left)
    return replace(cascade, cum=np.cumsum(new[np.argmax(new > 0):]))


def mixture(without: str | None = None, each: int = _EACH) -> list[Cascade]:
    """The invented cascades, world after world, every third one open to a part; `without` one world to test on it."""
    made = []
    for number, world in enumerate(synthetic.WORLDS):
        if world == without:
            continue
        rng = np.random.default_rng(np.random.SeedSequence([SEED, _PURPOSE, number]))
        whole = synthetic.cascades(world, each, _POPULATION, _PERIODS, SEED, _LEAST)
        made += [partly(one, rng) if k % 3 == 2 and world != "published" else one for k, one in enumerate(whole)]
    # Policies of the same units have ceilings, slow starts and bursts of their own.
    return made + ([] if without == "policy" else synthetic.policies(each, _POPULATION, SEED, _LEAST).cascades)


def learnt(without: str | None = None, each: int = _EACH, draws: int = DRAWS) -> prior.Prior:
    """The prior that the mixture teaches; it says that it rests on no data."""
    cascades = mixture(without, each)
    made = prior.learn(cascades, seed=SEED, draws=draws, groups=[c.name.rsplit("-", 1)[0] for c in cascades])
    return replace(made, learnt={**(made.learnt or {}), "invented": True})


if __name__ == "__main__":
    prior.save(learnt(), FILE)
