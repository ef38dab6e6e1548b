"""What commands leave and say alike: a folder with its page, where it lies, and values as JSON knows them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from letsdance.commands.screen import busy, command_line, say, spoken

if TYPE_CHECKING:
    import pandas as pd

    from letsdance.report.study import Study


#: Options that say where work is kept as it is done, and where it is made: a folder's numbers depend on neither.
HELD = ("--keep", "--scheduler")


def keep(out: Path, kind: str, said: Mapping[str, Any], frames: Mapping[str, pd.DataFrame], page: Study,
         overwrite: bool, quiet: bool, option: str = "--out", beside: tuple[str, ...] = ()) -> dict[str, Any]:
    """Write manifest, tables and page, whole or not at all (`experiments.folder.keep`); returns the manifest.

    option: what names the folder on the command line. beside: options that name other files to write.
    """
    from letsdance.experiments import folder
    from letsdance.report.study import write

    def hand_over(part: Path, manifest: dict[str, Any]) -> None:
        write(part, page, manifest)

    with busy("report.bar_drawing", quiet=quiet):
        return folder.keep(out, kind, command_line(option, *beside), {"option": option, **said}, frames, hand_over,
                           overwrite)


def written(out: Path, more: str | None = None) -> None:
    """The last line: where it is, and `more` (how to read it, where nothing is said)."""
    text = spoken()
    say(text("report.written"), out=out, page=out / "report.html", more=text("report.explores") if more is None else more)


def finite(value: float) -> float | None:
    """JSON knows neither infinity nor NaN: null is `not within the runs`, or not to be known."""
    return float(value) if math.isfinite(value) else None


def estimate(one: Any) -> dict[str, float | None]:
    """A value and its interval."""
    return {name: finite(getattr(one, name)) for name in ("value", "low", "high")}


def records(frame: pd.DataFrame) -> Any:
    """A table, one mapping a row."""
    return json.loads(frame.to_json(orient="records"))


def text_of(municipalities: Path | None) -> str | None:
    """A table of municipalities as CSV text, for the manifest, however its file was saved; None where there is none."""
    if municipalities is None:
        return None
    from letsdance.simulation.municipalities import load, to_csv

    return to_csv(load(municipalities))
