"""What does a trial cost each storage, with 1 to 128 workers that train nothing?

    python benchmarks/storage_scale.py

A worker is a thread of this process with a connection of its own, as a process would have; all
share the interpreter, so that the processor's part of a trial is that of one core. Each worker
does what `autocnn worker` puts on record of a trial, by the same code: it asks (a new trial, its
lease, all values of a random point, the proposal), reports the epochs, asks the pruner after each,
and ends it. Trials have made-up curves.

- PostgreSQL: a server on this machine, started for the measurement, which waits for its disk.
  "each write a transaction" is the same without `autocnn.records.transactions`.
- gRPC proxy: Optuna's, a process in front of that server; the workers speak to it.
- SQLite: a file. journal: Optuna's file; all workers in one process share its lock.

For each side and number of workers: trials a second, the median and the largest of the times of
an ask (milliseconds, waiting for others included), CPU milliseconds of a trial in this process (not
those of servers), and of each trial the statements and transactions that this process sent, and the
rows that it left in the database (lines, in the journal); then how many trials changed hands: a
worker that waits for longer than its lease lasts loses its trial to another one, and asks anew.
Imports and the study's creation are outside the clock.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import optuna
from made_up import CLASSES, N_VALIDATION, PRUNER, SHAPE, draw_curve, end_trial
from measuring import describe_machine, watch_load
from optuna.storages import BaseStorage, GrpcStorageProxy, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from rich.console import Console
from rich.table import Table

from autocnn.engines.choose import make_engine
from autocnn.engines.protocol import EngineSetup
from autocnn.errors import TakenOver
from autocnn.records.database import open_database
from autocnn.records.leases import Leases
from autocnn.records.lock import Owner
from autocnn.records.optuna_private import OwnStudy
from autocnn.records.optuna_record import silence_optuna
from autocnn.records.own_trials import DRAWN, is_own
from autocnn.records.study_folder import StudyPaths
from autocnn.records.transactions import part_writes
from autocnn.records.trial_log import TrialLog
from autocnn.space.space import SearchSpace
from autocnn.space.toml import load_space
from autocnn.study.proposals import Proposals
from autocnn.trial import Proposal

TABLES = (
    "trials",
    "trial_params",
    "trial_user_attributes",
    "trial_system_attributes",
    "trial_values",
    "trial_intermediate_values",
)
NAME = "null"


@dataclass(slots=True)
class Count:
    """What this process sent to databases, and how long its workers waited."""

    statements: Counter[str] = field(default_factory=Counter)
    asks: list[float] = field(default_factory=list)  # ms
    left: int = 0  # trials to be begun
    taken_over: int = 0  # trials that a worker lost to another one
    owners: list[Owner] = field(default_factory=list)  # kept: else their trials would look left
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True, slots=True)
class Side:
    """A storage, and how a worker connects to it."""

    name: str
    connect: Callable[[], BaseStorage]
    rows: Callable[[], int]  # in it


def main() -> None:
    """Measure each side with each number of workers, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 8, 32, 128])
    parser.add_argument("--trials", type=int, default=64, help="at least one for each worker")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--space", default="cnn")
    parser.add_argument("--sides", nargs="*", default=[], help="by the first word; else all")
    parser.add_argument("--serve", help=argparse.SUPPRESS)  # the URL that the proxy is before
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    silence_optuna()
    if options.serve is not None:
        storage = optuna.storages.get_storage(RDBStorage(options.serve))
        optuna.storages.run_grpc_proxy_server(storage, host="127.0.0.1", port=options.port)
        return
    console, space = Console(width=None if sys.stdout.isatty() else 160), load_space(options.space)
    console.print(describe_machine())
    table = Table(
        "storage", "workers", "trials", "trials/s", "ms an ask (largest)", "CPU ms a trial"
    )
    for title in ("statements", "transactions", "rows", "taken over"):
        table.add_column(title)
    with tempfile.TemporaryDirectory(prefix="autocnn-storage-") as folder, watch_load() as load:
        for name, make in sides().items():
            if options.sides and name.split()[0] not in options.sides:
                continue
            for workers in options.workers:
                place = Path(folder) / f"{name}-{workers}".replace(" ", "-").replace(",", "")
                place.mkdir()
                with make(place) as side:
                    cells = measure(side, workers, place, space, options)
                print(name, *cells, flush=True)
                table.add_row(name, *cells)
    console.print(table)
    if load.warning():
        console.print(load.warning())


# --- the sides ------------------------------------------------------------------------------------


def sides() -> dict[str, Callable[[Path], AbstractContextManager[Side]]]:
    """Each storage by its name, as a context that has an empty one."""
    return {
        "PostgreSQL": partial(postgres, "PostgreSQL", joins=True),
        "PostgreSQL, each write a transaction": partial(postgres, "", joins=False),
        "gRPC proxy": grpc_proxy,
        "SQLite": sqlite,
        "journal": journal,
    }


@contextmanager
def postgres(name: str, folder: Path, *, joins: bool) -> Iterator[Side]:
    """A server of its own, with or without joined writes."""
    with _server() as url:
        yield Side(name, partial(_database, url, joins=joins), partial(_n_rows, url))


@contextmanager
def _server() -> Iterator[str]:
    sys.path.append(str(Path(__file__).parents[1] / "tests"))
    from postgres import running_server

    with running_server("-c max_connections=400") as server:
        server.execute("CREATE DATABASE studies")
        yield server.url("studies")


def _database(url: str, *, joins: bool = True) -> RDBStorage:
    storage = open_database(url)
    if not joins:
        part_writes(storage)
    return storage


@contextmanager
def grpc_proxy(folder: Path) -> Iterator[Side]:
    """Optuna's proxy in front of a server."""
    with _server() as url:
        open_database(url)  # makes the tables
        port = 20_000 + int(time.time() * 10) % 10_000
        command = [sys.executable, __file__, "--serve", url, "--port", str(port)]
        process = subprocess.Popen(command)
        try:
            GrpcStorageProxy(host="127.0.0.1", port=port).wait_server_ready(timeout=120)
            connect = partial(GrpcStorageProxy, host="127.0.0.1", port=port)
            yield Side("gRPC proxy", connect, partial(_n_rows, url))
        finally:
            process.kill()
            process.wait()


@contextmanager
def sqlite(folder: Path) -> Iterator[Side]:
    """A file."""
    url = f"sqlite:///{folder / 'studies.db'}"
    yield Side("SQLite", partial(_database, url), partial(_n_rows, url))


@contextmanager
def journal(folder: Path) -> Iterator[Side]:
    """Optuna's journal."""
    path = folder / "journal.log"

    def connect() -> BaseStorage:
        return JournalStorage(JournalFileBackend(str(path)))

    yield Side("journal", connect, lambda: path.read_bytes().count(b"\n"))


def _n_rows(url: str) -> int:
    from sqlalchemy import create_engine, text

    engine = create_engine(url)
    with engine.connect() as connection:
        counts = [connection.execute(text(f"SELECT COUNT(*) FROM {t}")).scalar() for t in TABLES]
    engine.dispose()
    return sum(int(count or 0) for count in counts)


# --- the workers ----------------------------------------------------------------------------------


def measure(
    side: Side, workers: int, folder: Path, space: SearchSpace, options: argparse.Namespace
) -> list[str]:
    """The cells of one row."""
    n = max(options.trials, workers)
    optuna.create_study(storage=side.connect(), study_name=NAME, direction="maximize")
    paths, count = StudyPaths(folder / NAME), Count(left=n)
    paths.root.mkdir()
    ready = threading.Barrier(workers + 1)
    run = partial(work, side, paths, space, options.epochs, count, ready)
    threads = [threading.Thread(target=run, daemon=True) for _ in range(workers)]
    with _counted(count):
        for thread in threads:
            thread.start()
        ready.wait()
        count.statements.clear()
        start, start_cpu = time.perf_counter(), time.process_time()
        for thread in threads:
            thread.join()
        wall, cpu = time.perf_counter() - start, time.process_time() - start_cpu
    if len(count.asks) < n:
        raise SystemExit(f"{side.name}: a worker of {workers} has failed")
    sent = [count.statements[kind] / n for kind in ("statements", "transactions")]
    return [
        str(workers),
        str(n),
        f"{n / wall:.1f}",
        f"{statistics.median(count.asks):.0f} ({max(count.asks):.0f})",
        f"{1000 * cpu / n:.0f}",
        *(f"{each:.0f}" if each else "" for each in sent),
        f"{side.rows() / n:.0f}",
        str(count.taken_over),
    ]


@contextmanager
def _counted(count: Count) -> Iterator[None]:
    """Count the statements and transactions of all databases of this process."""
    from sqlalchemy import Engine, event

    def statement(*_: object) -> None:
        count.statements["statements"] += 1

    def committed(*_: object) -> None:
        count.statements["transactions"] += 1

    listeners = {"before_cursor_execute": statement, "commit": committed}
    for name, function in listeners.items():
        event.listen(Engine, name, function)
    yield
    for name, function in listeners.items():
        event.remove(Engine, name, function)


def work(
    side: Side,
    paths: StudyPaths,
    space: SearchSpace,
    epochs: int,
    count: Count,
    ready: threading.Barrier,
) -> None:
    """Train nothing until all trials have begun."""
    loaded = optuna.load_study(study_name=NAME, storage=side.connect())
    study = OwnStudy(loaded, is_own, DRAWN)
    setup = EngineSetup(
        image_shape=SHAPE,
        n_classes=len(CLASSES),
        horizon=epochs,
        seed=0,
        proposer="random",
        pruner=PRUNER,
        class_sizes=(N_VALIDATION // len(CLASSES),) * len(CLASSES),
    )
    owner = Owner(paths)
    count.owners.append(owner)
    proposals = Proposals(
        engine=make_engine("optuna", study, space, setup),
        log=TrialLog(study, Leases(study, owner)),
        study=study,
        space=space,
        setup=setup,
    )
    ready.wait()
    while True:
        with count.lock:
            if count.left == 0:
                return
            count.left -= 1
        start = time.perf_counter()
        proposal = proposals.next()
        assert isinstance(proposal, Proposal)
        count.asks.append(1000 * (time.perf_counter() - start))
        try:
            train(proposals, proposal)
        except TakenOver:
            with count.lock:
                count.taken_over += 1
                count.left += 1


def train(proposals: Proposals, proposal: Proposal) -> None:
    """Report a made-up curve as the loop of a search does, until the trial is pruned.

    Raises: TakenOver if another worker has the trial now.
    """
    curve = draw_curve(proposal.number, proposal.last_epoch)
    for at, epoch in enumerate(curve, start=1):
        proposals.renew()
        if is_pruned := proposals.report(proposal.number, at, epoch.score):
            break
    if not proposals.holds(proposal.number):
        raise TakenOver(f"trial {proposal.number}")
    proposals.end(proposal.number, end_trial(curve[:at], is_pruned=is_pruned))


if __name__ == "__main__":
    main()
