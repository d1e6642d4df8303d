"""Pictures: every function takes data and an Axes, draws, and returns the Axes; needs the extra ``tarry[report]``."""

from tarry._optional import extra

with extra("report", needed_by="tarry.plots"):
    from tarry.plots._errors import spike_time_errors as spike_time_errors
    from tarry.plots._grid_bias import grid_gradient_directions as grid_gradient_directions
    from tarry.plots._grid_bias import grid_time_errors as grid_time_errors
    from tarry.plots._parameters import delays as delays
    from tarry.plots._parameters import weights as weights
    from tarry.plots._platforms import intervals as intervals
    from tarry.plots._raster import raster as raster
    from tarry.plots._style import PALETTE as PALETTE
    from tarry.plots._style import figure as figure
    from tarry.plots._style import style as style
    from tarry.plots._training import errors as errors
    from tarry.plots._training import loss as loss
    from tarry.plots._yin_yang import plane as plane
    from tarry.plots._yin_yang import points as points

__all__ = [
    "PALETTE",
    "delays",
    "errors",
    "figure",
    "grid_gradient_directions",
    "grid_time_errors",
    "intervals",
    "loss",
    "plane",
    "points",
    "raster",
    "spike_time_errors",
    "style",
    "weights",
]
