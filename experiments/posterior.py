"""What data left of what was uncertain, as draws taken together: of a calibration, a followed case, or a survey."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from letsdance.params import PARAMETERS, Refused, files

if TYPE_CHECKING:
    from letsdance.experiments.adopters.calibrate import Calibration

_PURPOSE = 0x905D  # names this use of a seed


@runtime_checkable
class Posterior(Protocol):
    """Whatever gives draws of parameters, taken together."""

    def taken_together(self, count: int, seed: int) -> dict[str, np.ndarray]:
        """Parameter -> float64[count]."""


#: A calibration or a case that was followed, or the folder of either; a survey, which says how sure the start is.
type PosteriorLike = str | Path | Calibration | Posterior


def drawn(source: PosteriorLike, count: int, seed: int) -> dict[str, np.ndarray]:
    """Parameter -> float64[count], drawn together; the dials of a calibration's clock are left out. Raises `Refused`."""
    from letsdance.experiments.adopters import calibrate

    found = read(source) if isinstance(source, str | Path) else source
    if isinstance(found, calibrate.Calibration):
        columns = {name: column for name, column in zip(found.case.free, found.draws(count, seed).T, strict=True)
                   if name not in calibrate.CLOCK}
    elif isinstance(found, Posterior):
        columns = found.taken_together(count, seed)
    else:
        raise Refused("a posterior is a calibration or its folder, a followed case or its folder, or a survey, not "
                      "{kind_of}.", kind_of=type(found).__name__)
    return {name: np.rint(column) if PARAMETERS[name].whole else column for name, column in columns.items()}


def read(folder: str | Path) -> Calibration | Posterior:
    """The calibration or the followed case that a folder holds. Raises `Refused`."""
    from letsdance.experiments import follow, manifests
    from letsdance.experiments.adopters import calibrate

    place = files.named(folder)
    kind = manifests.read(place).get("kind") if (place / "manifest.json").is_file() else ""
    return follow.load(place) if kind == "follow" else calibrate.load(place)


def rows(count: int, of: int, seed: int) -> np.ndarray:
    """int64[count]: which of so many draws, each as often as any other, in random order."""
    rng = np.random.default_rng(np.random.SeedSequence([seed, _PURPOSE]))
    return np.asarray(rng.permutation(np.concatenate([np.tile(np.arange(of), count // of),
                                                      rng.permutation(of)[:count % of]])))


__all__ = ["Posterior", "PosteriorLike", "drawn", "read", "rows"]
