"""Trains the configurations of a pool with full curves, piece by piece."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from measuring import describe_machine
from replay_draws import Drawn, Draws, to_text
from replay_images import PoolImages
from replay_pool import Recorded, next_file, read_pool, write_rows

from autocnn.data.dataset import IndexedImages
from autocnn.data.prepared import PreparedData
from autocnn.errors import TrialFailed
from autocnn.space.seeds import derive_seed
from autocnn.trial import Device, Epoch, TrialJob

REPEATED = 5  # one configuration in so many is trained with a second seed


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is recorded, and when a run of it ends."""

    folder: Path
    n: int  # configurations
    first: int = 0  # the number of the first one, if several processes record one pool
    horizons: tuple[int, ...]
    seconds: float | None = None  # wall, after which no training is begun
    limit: int | None = None  # configurations of this run


@dataclass(slots=True)
class Watch:
    """Notes the epochs of one training, and scores the held-out part between them."""

    data: PreparedData
    n_validation: int
    training: Any = None
    cpu_s: list[float] = field(default_factory=list)
    wall_s: list[float] = field(default_factory=list)
    curve: list[Epoch] = field(default_factory=list)
    held: list[float] = field(default_factory=list)
    _mark: tuple[float, float] = (0.0, 0.0)

    def start(self) -> None:
        """An epoch begins now."""
        self._mark = time.process_time(), time.perf_counter()

    def stop(self) -> None:
        """The epoch has ended now."""
        self.cpu_s.append(time.process_time() - self._mark[0])
        self.wall_s.append(time.perf_counter() - self._mark[1])

    def report(self, epoch: int, metrics: Epoch) -> bool:
        """Note an epoch. Returns: False, so that the training goes on."""
        self.stop()
        self.curve.append(metrics)
        self.held.append(self._held_accuracy())
        self.start()
        return False

    def split(self) -> None:
        """Let the training validate with the first part of the validation images only."""
        (fold,) = self.training.folds
        self.training.folds = [replace(fold, held=self._part(0, self.n_validation))]

    def _part(self, start: int, end: int | None) -> IndexedImages:
        return IndexedImages(source=self.data.images, indices=self.data.split.validation[start:end])

    def _held_accuracy(self) -> float:
        from autocnn.train.one_fold import evaluation_batches

        (fold,) = self.training.folds
        rest = replace(fold, held=self._part(self.n_validation, None), held_at=self.n_validation)
        found = self.training.stepper.evaluate(*evaluation_batches(rest, self.data.image_shape))
        return float(found.confusion.trace() / found.confusion.sum())


class Program:
    """One configuration's compiled steps, which all its trainings share.

    Compiling takes as long as several epochs of a small network. A later training builds its own
    network, whose first weights and optimizer state are put into the compiled one.
    """

    def __init__(self, images: PoolImages, device: Device) -> None:
        self._images, self._device = images, device
        self._first: Any = None

    def train(self, job: TrialJob) -> tuple[Watch, float, float, bool]:
        """Train `job`: its epochs, CPU and wall seconds before them, and True if it failed."""
        from autocnn.train.folds import capture, restore
        from autocnn.train.trainer import Hooks, _Training

        data, watch = self._images.data, Watch(self._images.data, self._images.sizes.validation)
        hooks = Hooks(report=watch.report, interrupted=lambda: False)
        watch.start()
        training = _Training(job, data, self._device, hooks)
        watch.stop()
        build_cpu_s, build_wall_s = watch.cpu_s.pop(), watch.wall_s.pop()
        if self._first is None:
            self._first = training
        else:
            model, optimizer = self._first.networks.model, self._first.networks.optimizer
            own = training.networks
            restore(capture(own.model, own.optimizer), model, optimizer)
            training.networks, training.stepper = self._first.networks, self._first.stepper
        watch.training = training
        watch.split()
        watch.start()
        try:
            training.run()
        except TrialFailed:
            watch.stop()
            return watch, build_cpu_s, build_wall_s, True
        return watch, build_cpu_s, build_wall_s, False


def wanted_seeds(number: int) -> tuple[int, ...]:
    """The seeds with which configuration `number` is trained."""
    return (0, 1) if number % REPEATED == 0 else (0,)


def missing(
    number: int, horizons: Sequence[int], done: set[tuple[int, int, int]]
) -> list[tuple[int, int]]:
    """The pairs of horizon and seed that are not on record, the seeds of a horizon together."""
    pairs = [(horizon, seed) for horizon in horizons for seed in wanted_seeds(number)]
    return [pair for pair in pairs if (number, *pair) not in done]


def record(plan: Plan, images: PoolImages, draws: Draws) -> None:
    """Train what is missing in the pool, until the plan's end or the run's limit."""
    from autocnn.keras_startup import load_keras

    load_keras()
    from autocnn.train.backend import find_device

    device, path = find_device(), next_file(plan.folder)
    rows, mine, end = read_pool(plan.folder), list[Recorded](), _end_of(plan)
    check_sizes(rows, images)
    draws.remember(rows)
    for drawn in configurations(plan, draws, rows):
        program = Program(images, device)
        done = {row.key for row in rows}
        for horizon, seed in missing(drawn.number, plan.horizons, done):
            if time.monotonic() > end:
                return
            row = _train(program, images, draws, drawn, (horizon, seed))
            rows.append(row)
            mine.append(row)
            write_rows(path, mine)
            _show(row)


def configurations(plan: Plan, draws: Draws, rows: Sequence[Recorded]) -> Iterator[Drawn]:
    """The configurations with trainings that are missing, those on record as they are there."""
    n_begun = 0
    for number in range(plan.first, plan.first + plan.n):
        own = [row for row in rows if row.configuration == number]
        if not missing(number, plan.horizons, {row.key for row in own}):
            continue
        if plan.limit is not None and n_begun >= plan.limit:
            return
        n_begun += 1
        if own:
            yield Drawn(number, own[0].origin, own[0].point)
        else:
            yield draws.draw(number, rows)


def check_sizes(rows: Sequence[Recorded], images: PoolImages) -> None:
    """Raise SystemExit if the pool on record has other images."""
    sizes = images.sizes
    wanted = (images.data.name, sizes.train, sizes.validation, sizes.held_out)
    for row in rows:
        found = (row.dataset, row.n_train, row.n_validation, row.n_held_out)
        if found != wanted:
            raise SystemExit(
                f"the pool on record has images {found}, not {wanted}; give another --folder"
            )


def _end_of(plan: Plan) -> float:
    return float("inf") if plan.seconds is None else time.monotonic() + plan.seconds


def _train(
    program: Program, images: PoolImages, draws: Draws, drawn: Drawn, how: tuple[int, int]
) -> Recorded:
    horizon, seed = how
    data, space = images.data, draws.space
    config = space.config(drawn.values)
    network = space.network(config, data.image_shape, data.n_classes)
    is_first = program._first is None  # noqa: SLF001  of this module
    with tempfile.TemporaryDirectory() as folder:
        job = TrialJob(
            number=drawn.number,
            config=config,
            seed=derive_seed(draws.seed, drawn.number, f"train {horizon} {seed}"),
            horizon=horizon,
            last_epoch=horizon,
            precision="float32",
            folder=Path(folder),
        )
        watch, build_cpu_s, build_wall_s, failed = program.train(job)
    ema = [getattr(epoch, "ema_accuracy", None) for epoch in watch.curve]
    return Recorded(
        dataset=data.name,
        n_train=images.sizes.train,
        n_validation=images.sizes.validation,
        n_held_out=images.sizes.held_out,
        configuration=drawn.number,
        origin=drawn.origin,
        values=to_text(drawn.values),
        horizon=horizon,
        seed=seed,
        parameters=network.parameters,
        macs=network.macs,
        failed=failed,
        build_cpu_s=build_cpu_s,
        build_wall_s=build_wall_s,
        compiled=is_first,
        epoch_cpu_s=watch.cpu_s,
        epoch_wall_s=watch.wall_s,
        train_loss=[epoch.train_loss for epoch in watch.curve],
        val_accuracy=[epoch.val_accuracy for epoch in watch.curve],
        val_loss=[epoch.val_loss for epoch in watch.curve],
        held_accuracy=watch.held,
        ema_accuracy=[float(e) for e in ema if e is not None] or None,
        machine=describe_machine(),
    )


def _show(row: Recorded) -> None:
    best = "failed" if row.failed else f"{100 * max(row.val_accuracy):.1f} %"
    seconds = row.build_cpu_s + sum(row.epoch_cpu_s)
    name = f"{row.configuration} {row.origin}, {row.horizon} epochs, seed {row.seed}"
    print(f"{name}: {best}, {seconds:.1f} CPU s", flush=True)
