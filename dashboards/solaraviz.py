"""Mesa's own page on the model: `solara run dashboards/solaraviz.py`.

Choose a start, move sliders, then press Reset: values are read when a run begins. It explores, it does not forecast.
"""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from mesa.visualization import Slider, SolaraViz, make_plot_component

from letsdance.params import PARAMETERS
from letsdance.report.style import COLOURS
from letsdance.scenarios import STARTS
from letsdance.simulation import CoCreationModel

#: Parameters that get a slider. Any other name of params.PARAMETERS may be added.
SLIDERS = ("k", "U", "b_g", "phi", "chi", "silo", "rec", "mandate")
START, SEED = "lone_ranger", 1
#: Plots: what is drawn over the quarters, each with its colour.
PLOTS: tuple[dict[str, str], ...] = (
    {"C": "#b85c00", "G": "#0072b2"},
    dict(COLOURS),
    {"on": "#0072b2", "ever_adopted": "#77726a", "uses": "#6b1e52"},
)


def slider(name: str) -> Slider:
    """A slider for a parameter: title, default and range are those of its declaration."""
    parameter = PARAMETERS[name]
    low, high = parameter.range
    label = f"{parameter.title} ({name}, {parameter.unit})"
    if parameter.whole:
        return Slider(label, int(parameter.default), int(low), int(high), 1, int)
    return Slider(label, float(parameter.default), float(low), float(high), (high - low) / 200, float)


def shares(axes: Axes) -> None:
    """Shares are drawn from 0 to 1."""
    axes.set_ylim(0.0, 1.0)
    axes.set_ylabel("share")


model_params: dict[str, Any] = {
    "scenario": {"type": "Select", "label": "start", "value": START, "values": list(STARTS)},
    "rng": Slider("seed", SEED, 0, 100, 1, int),
    **{name: slider(name) for name in SLIDERS},
}

page = SolaraViz(
    CoCreationModel(START, rng=SEED),
    components=[make_plot_component(plot, post_process=shares) for plot in PLOTS],
    model_params=model_params,
    name="Let's Dance: it explores, it does not forecast (a step is a quarter)",
)
