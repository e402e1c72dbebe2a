"""`autocnn search`: find, refit, test and export the best network."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from autocnn.cli.options import (
    GpusOption,
    ImageSizeOption,
    JsonOption,
    QuietOption,
    SkipCorruptOption,
    VerboseOption,
    WorkersOption,
    WorkersPerGpuOption,
    env,
)
from autocnn.cli.running import run_study

STARTED = time.monotonic()  # about when the process began: the time budget counts from here


def search(
    dataset: Annotated[
        str | None,
        env(
            "DATASET",
            "Name of a data set (autocnn datasets), or path of your own images (folder, .npz, "
            ".parquet); digits by default.",
        ),
    ] = None,
    image_size: ImageSizeOption = None,
    skip_corrupt: SkipCorruptOption = None,
    space: Annotated[
        str | None,
        env("SPACE", "Search space: a name (autocnn spaces) or a .toml file; cnn by default."),
    ] = None,
    baseline: Annotated[
        str | None,
        env("BASELINE", "Train a network from the literature as published (autocnn baselines)."),
    ] = None,
    engine: Annotated[
        str | None,
        env("ENGINE", "Who proposes: optuna or keras-tuner; optuna by default."),
    ] = None,
    sampler: Annotated[
        str | None,
        env(
            "SAMPLER",
            "Of optuna: auto (default), tpe, random, grid, qmc, cma-es, gp, nsga2 or evolution.",
        ),
    ] = None,
    tuner: Annotated[
        str | None,
        env("TUNER", "Of keras-tuner: hyperband, bayesian, random or grid; the first by default."),
    ] = None,
    pruner: Annotated[
        str | None,
        env("PRUNER", "auto, halving, hyperband, median, percentile or none; auto by default."),
    ] = None,
    trials: Annotated[int | None, env("TRIALS", "End after so many trials.")] = None,
    time_budget: Annotated[
        str | None,
        env(
            "TIME_BUDGET", "Such as 90s, 12m or 1h30m, finals included; 15m by default, digits 2m."
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        env(
            "EPOCHS",
            "Epochs of the longest trial; by default what the time allows, 30 at most.",
        ),
    ] = None,
    seed: Annotated[int | None, env("SEED", "Seed of search and training; 0 by default.")] = None,
    split_seed: Annotated[
        int | None,
        env("SPLIT_SEED", "Seed of the train/validation split; 0 by default."),
    ] = None,
    study: Annotated[
        str | None,
        env("STUDY", "Name of the study; that of an existing one goes on with it."),
    ] = None,
    results: Annotated[
        str | None, env("RESULTS", "Folder of all studies; ./results by default.")
    ] = None,
    storage: Annotated[
        str | None,
        env(
            "STORAGE",
            "Database of the record: sqlite:///FILE or postgresql+psycopg://USER@HOST/DATABASE; "
            "a file in the study's folder by default.",
        ),
    ] = None,
    max_params: Annotated[
        int | None,
        env("MAX_PARAMS", "Parameters of a network at most; as the space says."),
    ] = None,
    max_macs: Annotated[
        int | None,
        env("MAX_MACS", "Multiply-accumulates for one image at most; as the space says."),
    ] = None,
    trial_timeout: Annotated[
        str | None,
        env("TRIAL_TIMEOUT", "Of one trial, such as 5m; its best epoch so far counts."),
    ] = None,
    worker_memory: Annotated[
        str | None,
        env("WORKER_MEMORY", "Of the training process, such as 4G; beyond, the trial fails."),
    ] = None,
    class_weights: Annotated[
        bool | None,
        env("CLASS_WEIGHTS", "Let rare classes count as much as common ones.", "--class-weights"),
    ] = None,
    workers: WorkersOption = None,
    gpus: GpusOption = None,
    workers_per_gpu: WorkersPerGpuOption = None,
    recycle: Annotated[
        int | None,
        env("RECYCLE", "Trials after which a training process makes way for a new one; 30."),
    ] = None,
    max_consecutive_failures: Annotated[
        int | None,
        env("MAX_CONSECUTIVE_FAILURES", "Failed trials in a row that end the search; 10."),
    ] = None,
    precision: Annotated[
        str | None, env("PRECISION", "auto, float32 or bfloat16; auto by default.")
    ] = None,
    target: Annotated[
        float | None,
        env("TARGET", "End once a trial reaches this validation accuracy, such as 0.92."),
    ] = None,
    recipes: Annotated[
        bool | None,
        env("RECIPES", "Try known-good configurations first (default).", "--recipes/--no-recipes"),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            help="TOML file of settings, such as a study.toml; the study's name is not taken from "
            "it."
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what the search space holds.")
    ] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Search, prune and rank networks, refit and test the winner once, and export it."""
    import autocnn.api as api
    from autocnn.terminal.reading_bar import reading_bar

    given = {
        "dataset": dataset,
        "image_size": image_size,
        "skip_corrupt": skip_corrupt,
        "space": space,
        "baseline": baseline,
        "engine": engine,
        "sampler": sampler,
        "tuner": tuner,
        "pruner": pruner,
        "trials": trials,
        "time_budget_s": _parsed(time_budget, api.parse_duration, "--time-budget"),
        "epochs": epochs,
        "seed": seed,
        "split_seed": split_seed,
        "study": study,
        "results": results,
        "storage": storage,
        "max_params": max_params,
        "max_macs": max_macs,
        "trial_timeout_s": _parsed(trial_timeout, api.parse_duration, "--trial-timeout"),
        "worker_memory_mb": _parsed(worker_memory, api.parse_memory, "--worker-memory"),
        "class_weights": class_weights,
        "workers": workers,
        "gpus": gpus,
        "workers_per_gpu": workers_per_gpu,
        "recycle": recycle,
        "max_consecutive_failures": max_consecutive_failures,
        "precision": precision,
        "target": target,
        "recipes": recipes,
    }
    settings = api.resolve_settings(
        {key: value for key, value in given.items() if value is not None},
        {} if config is None else api.read_config(config),
    )
    with reading_bar(quiet=quiet) as on_read:
        options = api.ImageOptions(settings.image_size, settings.skip_corrupt)
        info = api.read_images(settings.dataset, options, on_read)
    if dry_run:
        from autocnn.terminal.space_page import describe_survey, survey_json

        for note in info.notes:
            print(note, file=sys.stderr)
        found = api.survey_settings(settings)
        for line in [survey_json(*found)] if as_json else describe_survey(*found):
            print(line)
        return
    run_study(settings, STARTED, verbosity=-1 if quiet else int(verbose), as_json=as_json)


def _parsed(text: str | None, parse: Callable[[str, str], float], option: str) -> float | None:
    """What `text` stands for; an option that was not given stays so."""
    return None if text is None else parse(text, option)
