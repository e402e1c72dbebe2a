"""What a draw brings and what it costs, on studies whose scores are made up.

    python benchmarks/draws.py shares --sampler evolution
    python benchmarks/draws.py cost

`shares` plays studies of `--draws` draws each, one for each seed, on the space `cnn` for images of
28x28x1 in ten classes: the recipes first, then what the sampler draws. The score of a trial falls
with its distance from a hidden point, which differs from seed to seed, and has noise of one point.
The table counts, of all draws after the recipes, those that can have no network, those whose
values or whose configuration a trial before them has, and, for evolution, those with the values of
their parent. `cost` times one draw of a trial from a record of random trials, of which three in
four were pruned at a quarter of their epochs.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import optuna
from made_up import CLASSES, SHAPE, draw_records
from measuring import describe_machine
from rich.console import Console
from rich.table import Table

from autocnn.engines import evolution
from autocnn.engines.mutations import mutate
from autocnn.engines.optuna_engine import OptunaEngine
from autocnn.engines.protocol import EngineSetup
from autocnn.engines.recipes import NetworkSize, TrainingSet, recipes_for
from autocnn.records.distributions import draw_values
from autocnn.records.optuna_record import silence_optuna
from autocnn.records.own_trials import INFEASIBLE
from autocnn.records.trial_log import TrialLog
from autocnn.space.parameters import Fixed, Float, Int, Value, is_number
from autocnn.space.space import SearchSpace
from autocnn.space.toml import load_space
from autocnn.study.proposals import Proposals
from autocnn.trial import Epoch, Proposal, TrialResult, TrialState

HORIZON = 12
NOISE = 0.01  # standard deviation of a score
SIZES = (100, 300, 1000)  # trials on record


@dataclass
class Counts:
    """The draws of one study after its recipes, by what they bring."""

    draws: int = 0
    infeasible: int = 0
    values_known: int = 0
    config_known: int = 0
    as_parent: int = 0


@dataclass
class Parents:
    """The parents that evolution chooses."""

    latest: Mapping[str, Value] = field(default_factory=dict)

    def watch(self) -> None:
        """Note every parent from now on."""

        def noted(space: SearchSpace, parent: Mapping[str, Value], *how: Any) -> dict[str, Value]:
            self.latest = parent
            return mutate(space, parent, *how)

        setattr(evolution, "mutate", noted)  # noqa: B010  it is no public name there


def main() -> None:
    """Print the table that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("action", choices=("shares", "cost"))
    parser.add_argument("--sampler", nargs="+", default=["evolution", "tpe"])
    parser.add_argument("--draws", type=int, default=100, help="of each study, recipes apart")
    parser.add_argument("--seeds", type=int, default=20, help="one study for each")
    options = parser.parse_args()
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    silence_optuna()
    table = share_table(options) if options.action == "shares" else cost_table(options.sampler)
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(describe_machine())
    console.print(table)


# --- what draws bring -----------------------------------------------------------------------------


def share_table(options: argparse.Namespace) -> Table:
    """One row for each sampler."""
    table = Table("sampler", "draws", "infeasible", "values known", "configuration known", "parent")
    parents, space = Parents(), load_space("cnn")
    parents.watch()
    for sampler in options.sampler:
        total = Counts()
        for seed in range(options.seeds):
            play(space, sampler, seed, options.draws, total, parents)
        shares = [total.infeasible, total.values_known, total.config_known, total.as_parent]
        cells = [f"{100 * count / total.draws:.1f} %" for count in shares]
        if sampler != "evolution":
            cells[-1] = "–"
        table.add_row(sampler, f"{total.draws:,} ({options.seeds} seeds)", *cells)
    return table


def play(
    space: SearchSpace, sampler: str, seed: int, n_draws: int, total: Counts, parents: Parents
) -> None:
    """Search one study, and count its draws after the recipes."""
    study = optuna.create_study(direction="maximize")
    proposals = open_proposals(study, space, sampler, seed)
    proposals.enqueue(recipes_for(TrainingSet(shape=SHAPE, n=54_000), NetworkSize(filters=48)))
    rng = np.random.default_rng(seed)
    hidden, values, configs = space.sample(rng), set[Any](), set[Any]()
    counts = Counts()
    while counts.draws < n_draws:
        n_before = len(study.get_trials(deepcopy=False))
        proposal = proposals.next()
        assert isinstance(proposal, Proposal)
        point = tuple(sorted(proposal.values.items()))
        if proposal.origin == sampler:
            trials = study.get_trials(deepcopy=False)
            n_infeasible = sum(INFEASIBLE in trial.user_attrs for trial in trials[n_before:])
            counts.draws += 1 + n_infeasible
            counts.infeasible += n_infeasible
            counts.values_known += point in values
            counts.config_known += proposal.config in configs
            counts.as_parent += trials[proposal.number].params == parents.latest
        values.add(point)
        configs.add(proposal.config)
        score = 0.95 - 0.3 * distance(space, proposal.values, hidden) + rng.normal(0, NOISE)
        proposals.report(proposal.number, HORIZON, score)
        proposals.end(proposal.number, result_of(score))
    for name in Counts.__dataclass_fields__:
        setattr(total, name, getattr(total, name) + getattr(counts, name))


def open_proposals(study: optuna.Study, space: SearchSpace, sampler: str, seed: int) -> Proposals:
    """The proposals of a study without a pruner."""
    setup = EngineSetup(
        image_shape=SHAPE,
        n_classes=len(CLASSES),
        horizon=HORIZON,
        seed=seed,
        proposer=sampler,
        pruner="none",
    )
    engine = OptunaEngine(study, space, setup)
    return Proposals(engine=engine, log=TrialLog(study), study=study, space=space, setup=setup)


def distance(space: SearchSpace, point: Mapping[str, Value], other: Mapping[str, Value]) -> float:
    """The mean over the parameters of either point: 0 if they agree, 1 if they do not at all."""
    names = point.keys() | other.keys()
    return sum(_apart(space, name, point, other) for name in names) / len(names)


def _apart(
    space: SearchSpace, name: str, point: Mapping[str, Value], other: Mapping[str, Value]
) -> float:
    parameter, one, two = space.parameters[name], point.get(name), other.get(name)
    if is_number(one) and is_number(two) and isinstance(parameter, Int | Float):
        return abs(one - two) / (parameter.high - parameter.low)
    return float(one != two)


def result_of(score: float) -> TrialResult:
    """A complete trial of one epoch with this score."""
    epoch = Epoch(
        train_loss=1.0,
        train_accuracy=score,
        val_loss=1 - score,
        val_accuracy=score,
        seconds=1.0,
        score=score,
    )
    return TrialResult(
        state=TrialState.COMPLETE,
        curve=(epoch,),
        best_epoch=1,
        seconds=1.0,
        cpu_seconds=1.0,
        precision="float32",
    )


# --- what a draw costs ----------------------------------------------------------------------------


def cost_table(samplers: list[str]) -> Table:
    """One row for each sampler, one column for each size of the record."""
    table = Table("milliseconds of a draw", *(f"{size:,} trials" for size in SIZES))
    space = load_space("cnn")
    columns = [study_of(space, size) for size in SIZES]
    for sampler in samplers:
        table.add_row(sampler, *(f"{draw_ms(study, space, sampler):.0f}" for study in columns))
    return table


def study_of(space: SearchSpace, size: int) -> optuna.Study:
    """A study in memory with `size` random trials."""
    study = optuna.create_study(direction="maximize")
    proposals = open_proposals(study, space, "random", 0)
    for record in draw_records(space, size, HORIZON):
        assert record.result is not None
        varying = {n: v for n, v in record.values.items() if not _is_fixed(space, n)}
        study.enqueue_trial(varying)
        proposal = proposals.next()
        assert isinstance(proposal, Proposal)
        for number, epoch in enumerate(record.result.curve, start=1):
            proposals.report(proposal.number, number, epoch.score)
        proposals.end(proposal.number, record.result)
    return study


def _is_fixed(space: SearchSpace, name: str) -> bool:
    return isinstance(space.parameters[name], Fixed)


def draw_ms(study: optuna.Study, space: SearchSpace, sampler: str, n: int = 7) -> float:
    """The median CPU time of drawing all values of the next trial, which is then withdrawn."""
    seconds = []
    for seed in range(n):
        engine = OptunaEngine(study, space, open_proposals(study, space, sampler, seed).setup)
        draft = engine.propose()
        assert draft is not None
        study.sampler = draft.source
        start = time.process_time()
        trial = study.ask()
        draw_values(trial, space)
        seconds.append(time.process_time() - start)
        study.tell(trial, state=optuna.trial.TrialState.FAIL)
    return 1000 * statistics.median(seconds)


if __name__ == "__main__":
    main()
