"""The names that a setting may have: engines, samplers, tuners, pruners and precisions.

Each name stands here once. The options, their help, the check of the settings and the engines read
these tables. The value of a sampler, tuner or pruner is the place of its builder, as
"module:attribute" below `autocnn.engines`: importing this module imports no library.
"""

from __future__ import annotations

AUTO = "auto"  # the best choice for the space, the engine or the device
PLAN = "plan"  # the engine of a study whose trainings are fixed, such as an ablation

# Each engine with the setting that names its proposer.
ENGINES: dict[str, str] = {"optuna": "sampler", "keras-tuner": "tuner"}

# Each executor with the settings that it alone has.
EXECUTORS: dict[str, tuple[str, ...]] = {
    "local": ("gpus", "workers_per_gpu"),
    "ray": ("ray_address", "cpus_per_trial", "gpus_per_trial"),
}

SAMPLERS: dict[str, str] = {  # of Optuna
    "tpe": "samplers:TPE",
    "random": "samplers:RANDOM",
    "grid": "samplers:GRID",
    "qmc": "samplers:QMC",
    "cma-es": "samplers:CMA_ES",
    "gp": "samplers:GP",
    "nsga2": "samplers:NSGA2",
    "evolution": "samplers:EVOLUTION",
}

TUNERS: dict[str, str] = {  # of Keras Tuner
    "hyperband": "keras_tuner_oracles:HYPERBAND",
    "bayesian": "keras_tuner_oracles:BAYESIAN",
    "random": "keras_tuner_oracles:RANDOM",
    "grid": "keras_tuner_oracles:GRID",
}

PRUNERS: dict[str, str] = {
    "halving": "pruners:build_halving",
    "hyperband": "pruners:build_hyperband",
    "median": "pruners:build_median",
    "percentile": "pruners:build_percentile",
    "none": "pruners:build_none",
}

PRECISIONS = ("float32", "bfloat16")
