"""autocnn from Python: keyword arguments, arrays, `Study`, a live table in notebooks.

Like `autocnn.cli`, it turns what a caller wrote into settings, calls `autocnn.api`, and shows the
outcome. The package's root loads these names on first use.
"""

from autocnn.python.notebook import in_notebook, quiet_tqdm

if in_notebook():  # before a module of this room imports Optuna
    quiet_tqdm()
