"""The names of figures and of the forms of a leaderboard; this module imports no library."""

from __future__ import annotations

# Each figure, and whether it can be drawn on a terminal.
PLOTS: dict[str, bool] = {
    "history": True,
    "curves": True,
    "importance": True,
    "parallel": False,
    "slice": False,
    "pareto": False,
}
# Each picture of the winner, and whether it can be shown on a terminal.
PICTURES: dict[str, bool] = {
    "confusion": True,
    "calibration": False,
    "mistakes": False,
    "features": False,
    "filters": False,
    "architecture": False,
}
PLOT_FILES = (".html", ".png", ".svg")  # the endings of a figure's file
TEXT_FORMATS = ("json", "csv", "md")  # of a leaderboard, besides a table on the terminal
