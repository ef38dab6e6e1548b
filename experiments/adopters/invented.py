"""The prior for those who bring no past cascades, learnt from invented ones: `python -m experiments.adopters.invented`.

Every invented world (experiments.adopters.synthetic) gives equally many cascades. What is tried on a world is learnt from
the other worlds, because a curve that a user brings comes from none of them. No data are in it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from experiments.adopters import prior, synthetic
from experiments.adopters.history import Cascade

FILE = Path(__file__).with_name("invented_prior.json")
SEED = 7
DRAWS = 1000
_EACH = 24
_POPULATION = 50
_PERIODS = 120
_LEAST = 0.1  # what fewer adopt is not called a cascade


def mixture(without: str | None = None, each: int = _EACH) -> list[Cascade]:
    """The invented cascades, world after world; `without` one world to test on it."""
    return [cascade for world in synthetic.WORLDS if world != without
            for cascade in synthetic.cascades(world, each, _POPULATION, _PERIODS, SEED, _LEAST)]


def learnt(without: str | None = None, each: int = _EACH, draws: int = DRAWS) -> prior.Prior:
    """The prior that the mixture teaches; it says that it rests on no data."""
    cascades = mixture(without, each)
    made = prior.learn(cascades, seed=SEED, draws=draws, groups=[c.name.rsplit("-", 1)[0] for c in cascades])
    return replace(made, learnt={**(made.learnt or {}), "invented": True})


if __name__ == "__main__":
    prior.save(learnt(), FILE)
