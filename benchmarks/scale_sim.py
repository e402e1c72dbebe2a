"""What do 1 to 1,000 workers gain? Searches on recorded curves, in virtual time.

    python benchmarks/scale_sim.py --workers 1 8 64 256 1000
    python benchmarks/scale_sim.py --workers 1 64 --trials 400 --slow 100

The loop, the sampler, the pruner and the record are autocnn's own, in one process, as in a search
with `--executor ray`. Only the training is not: a job gets the curve of the recorded configuration
that is nearest to it (`results/replay`, one of its seeds), and each of its epochs takes the
recorded seconds times `--slow`. No recipes come first.

The clock is virtual. It goes on by the CPU seconds that the search itself takes between two polls,
so that a search that cannot feed its workers is seen, and jumps to the next event while all jobs
train. A report waits for its answer, as in a real search. What a network between the machines would
add is not in it.

Columns: virtual hours until all trials have ended; how many times as fast as the first row; the
share of the workers' time in which they trained; the share of the search's own time; its CPU
milliseconds for a trial; pruned trials; the epochs of trials that were pruned; the accuracy, on
images that nothing is chosen by, of the trial with the best validation.
"""

from __future__ import annotations

import argparse
import heapq
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from made_up import make_study
from measuring import describe_machine
from null_training import NoTraining, null_session
from replay_pool import read_pool
from replay_surrogate import Encoder, Run, SearchedPool, build_entries
from rich.console import Console
from rich.table import Table

from autocnn.api.search_study import SilentListener
from autocnn.executors.protocol import EpochEnded, Event, JobEnded
from autocnn.keras_startup import load_keras
from autocnn.records.optuna_record import open_study, silence_optuna
from autocnn.records.study_settings import StudySettings
from autocnn.space.toml import load_space
from autocnn.study.session import Session
from autocnn.trial import WEIGHTS_FILE, Epoch, TrialJob, TrialResult, TrialState

POOL = Path(__file__).resolve().parents[1] / "results" / "replay" / "fashion_mnist"
COLUMNS = (
    "workers",
    "trials",
    "hours",
    "speed-up",
    "training",
    "search",
    "ms a trial",
    "pruned",
    "their epochs",
    "held-out",
)


@dataclass(slots=True)
class _Training:
    """A job under way, and the recorded training that it gets."""

    job: TrialJob
    run: Run
    n_epochs: int = 0  # that were reported
    is_pruned: bool = False


class VirtualExecutor(NoTraining):
    """Workers whose trainings were recorded, on a clock that no one waits for."""

    def __init__(self, capacity: int, pool: SearchedPool, slow: float, search: Session) -> None:
        self.capacity = capacity
        self.now = self.busy = self.own = 0.0  # seconds: virtual, of training, of the search
        self._pool, self._slow, self._search = pool, slow, search
        self._horizon = pool.horizons[-1]
        self._trainings: dict[int, _Training] = {}
        self._events: list[tuple[float, int]] = []  # virtual time, number of the job
        self._left = time.process_time()  # when the search last went on
        self.held: dict[int, float] = {}  # accuracy on images that nothing is chosen by

    def submit(self, job: TrialJob) -> None:
        """Find the nearest recorded configuration; its first epoch is under way."""
        self._enter()
        trial = self._search.study.get_trials(deepcopy=False)[job.number]
        point = self._search.space.canonical(trial.params)
        at = self._pool.nearest(point, np.zeros(len(self._pool.entries), dtype=bool))
        run = self._pool.entries[at].run(self._horizon, job.seed)
        self._trainings[job.number] = _Training(job, run)
        job.folder.mkdir(parents=True, exist_ok=True)
        self._train_on(job.number, self._slow * float(run.cpu[0]))
        self._leave()

    def events(self, timeout_s: float) -> list[Event]:
        """The next event, and all others that have happened by then."""
        self._enter()
        if self._events:
            self.now = max(self.now, self._events[0][0])
        found: list[Event] = []
        while self._events and self._events[0][0] <= self.now:
            found.append(self._event(heapq.heappop(self._events)[1]))
        self._leave()
        return found

    def answer(self, number: int, *, prune: bool) -> None:
        """Train the next epoch, or end."""
        self._enter()
        training = self._trainings[number]
        done = training.n_epochs
        training.is_pruned = prune
        ends = prune or done >= training.job.last_epoch
        seconds = 0.0 if ends else float(training.run.cpu[done] - training.run.cpu[done - 1])
        self._train_on(number, self._slow * seconds)
        self._leave()

    def _enter(self) -> None:
        """The search's own CPU seconds pass on the virtual clock, too."""
        spent = time.process_time() - self._left
        self.now, self.own = self.now + spent, self.own + spent

    def _leave(self) -> None:
        self._left = time.process_time()

    def _train_on(self, number: int, seconds: float) -> None:
        self.busy += seconds
        heapq.heappush(self._events, (self.now + seconds, number))

    def _event(self, number: int) -> Event:
        training = self._trainings[number]
        job, run = training.job, training.run
        if not training.is_pruned and training.n_epochs < job.last_epoch:
            training.n_epochs += 1
            n = training.n_epochs
            return EpochEnded(number=number, epoch=n, metrics=epoch_of(run, n, self._slow))
        del self._trainings[number]
        n = training.n_epochs
        self.held[number] = float(run.held[run.best(n)])
        if not training.is_pruned:
            (job.folder / WEIGHTS_FILE).touch()
        return JobEnded(number=number, result=result_of(training, self._slow))


def epoch_of(run: Run, epoch: int, slow: float) -> Epoch:
    """What a worker would report after this epoch (1 is the first)."""
    score = float(run.val[epoch - 1])
    loss = float(run.loss[epoch - 1])
    return Epoch(
        train_loss=loss,
        train_accuracy=score,
        val_loss=loss,
        val_accuracy=score,
        seconds=slow * float(run.cpu[epoch - 1]),
        score=score,
    )


def result_of(training: _Training, slow: float) -> TrialResult:
    """The result of a job that has ended."""
    run, n = training.run, training.n_epochs
    seconds = slow * float(run.cpu[n - 1])
    return TrialResult(
        state=TrialState.PRUNED if training.is_pruned else TrialState.COMPLETE,
        curve=tuple(epoch_of(run, epoch, slow) for epoch in range(1, n + 1)),
        best_epoch=run.best(n) + 1,
        seconds=seconds,
        cpu_seconds=seconds,
        precision="float32",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One search with a number of workers."""

    workers: int
    trials: int
    seconds: float  # virtual
    busy: float  # seconds of training, of all workers
    own: float  # CPU seconds of the search
    pruned: int
    pruned_epochs: int
    epochs: int
    held: float


def simulate(workers: int, trials: int, pool: SearchedPool, slow: float, sampler: str) -> Outcome:
    """A search of so many trials, from its first proposal to the end of its last trial."""
    with tempfile.TemporaryDirectory() as folder:
        settings = StudySettings(
            study="simulated",
            results=folder,
            space="cnn",
            sampler=sampler,
            trials=trials,
            recipes=False,
        )
        paths = make_study(settings, 0, pool.horizons[-1])
        session = null_session(settings, paths, load_space("cnn"), open_study(paths))
        executor = VirtualExecutor(workers, pool, slow, session)
        replace(session, executor=executor).search(SilentListener(), lambda: False)
        results = {r.number: r.result for r in session.records() if r.result is not None}
    pruned = [r.epochs for r in results.values() if r.state is TrialState.PRUNED]
    best = max(executor.held, key=lambda number: results[number].score or 0.0)
    return Outcome(
        workers=workers,
        trials=len(results),
        seconds=executor.now,
        busy=executor.busy,
        own=executor.own,
        pruned=len(pruned),
        pruned_epochs=sum(pruned),
        epochs=sum(r.epochs for r in results.values()),
        held=executor.held[best],
    )


def describe(outcomes: Sequence[Outcome]) -> Table:
    """A row for each number of workers; speed-ups are in trials an hour, beside the first row."""
    table = Table(*COLUMNS)
    first = outcomes[0].trials / outcomes[0].seconds
    for o in outcomes:
        table.add_row(
            f"{o.workers:,}",
            f"{o.trials:,}",
            f"{o.seconds / 3600:.2f}",
            f"{o.trials / o.seconds / first:.1f}",
            f"{100 * o.busy / (o.workers * o.seconds):.0f} %",
            f"{100 * o.own / o.seconds:.1f} %",
            f"{1000 * o.own / o.trials:.0f}",
            f"{100 * o.pruned / o.trials:.0f} %",
            f"{100 * o.pruned_epochs / o.epochs:.0f} %",
            f"{100 * o.held:.1f} %",
        )
    return table


def main() -> None:
    """Simulate every number of workers, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 8, 64, 256, 1000])
    parser.add_argument("--trials", type=int, help="of a search; default: 200, or 3 a worker")
    parser.add_argument("--slow", type=float, default=10.0, help="times the recorded seconds")
    parser.add_argument("--sampler", default="tpe")
    parser.add_argument("--pool", type=Path, default=POOL)
    options = parser.parse_args()
    load_keras()
    silence_optuna()
    pool = SearchedPool(build_entries(read_pool(options.pool)), Encoder(load_space("cnn")))
    outcomes = []
    console = Console(width=110)
    for workers in options.workers:
        trials = options.trials or max(200, 3 * workers)
        outcomes.append(simulate(workers, trials, pool, options.slow, options.sampler))
        o = outcomes[-1]
        console.print(f"{workers} workers: {o.trials} trials, {o.own:.0f} CPU s of the search")
    console.print(describe_machine())
    console.print(describe(outcomes))


if __name__ == "__main__":
    main()
