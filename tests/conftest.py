"""The fixtures of every test, and makers shared by several rooms: proposals, results, records.

A room that needs other defaults has a fixture of the same name that calls the one here.

Markers (registered in pyproject.toml): `slow`, `gpu`, `network` and `browser` are left out unless
selected, as in `pytest -m slow`; `training` marks real, small trainings, which run by default.
"""

from __future__ import annotations

import io
import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from postgres import postgres_server, postgres_url  # noqa: F401  fixtures
from rich.console import Console
from slurm import slurm  # noqa: F401  fixture

from autocnn.data.dataset import TrainingImages
from autocnn.data.prepared import PreparedData, prepare_images
from autocnn.records.facts import Facts, Measurement
from autocnn.records.finals_file import Finals, MeasuredScore, RefitSummary
from autocnn.records.trial_record import TrialRecord
from autocnn.space.config import Block, Dense, EarlyStopping, Optimizer, TrialConfig
from autocnn.trial import Epoch, Proposal, TrialResult, TrialState

TEST_PROCESS_MB = 4096  # memory of a test process with the workers that it starts

# Before the first import of TensorFlow, which writes to stderr on import. Workers inherit it.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
# The tests do not use the database of the user's environment.
os.environ.pop("OPTUNA_STORAGE", None)

# Defaults that a proposal and a record share.
TRIAL: dict[str, Any] = {
    "origin": "tpe",
    "values": {},
    "config": TrialConfig(blocks=(Block(filters=(8, 16), pool="max"),), dense=(Dense(units=10),)),
    "seed": 1234,
    "parameters": 1290,
    "macs": 88_000,
    "last_epoch": 12,
}


@pytest.fixture(scope="session", autouse=True)
def cache_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One cache of images for all tests, so the user's own cache is not changed."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTOCNN_CACHE", str(folder))
        yield folder


@pytest.fixture
def make_proposal() -> Callable[..., Proposal]:
    """A proposal with this number: from tpe, 1.3 k parameters, 88.0 k MACs, 12 epochs."""

    def make(number: int, **changes: Any) -> Proposal:
        return Proposal(**{"number": number, **TRIAL, **changes})

    return make


@pytest.fixture
def make_result() -> Callable[..., TrialResult]:
    """A result from its scores, one an epoch of `epoch_s` seconds; the best is the first largest.

    The training loss is 1, 1/2, 1/3, ... unless `losses` are given.
    """

    def make(
        *scores: float, losses: tuple[float, ...] = (), epoch_s: float = 2.5, **changes: Any
    ) -> TrialResult:
        curve = tuple(
            Epoch(
                train_loss=losses[number - 1] if losses else 1 / number,
                train_accuracy=score / 2,
                val_loss=0.5 / number,
                val_accuracy=score,
                seconds=epoch_s * number,
                score=score,
            )
            for number, score in enumerate(scores, start=1)
        )
        fields: dict[str, Any] = {
            "state": TrialState.COMPLETE,
            "curve": curve,
            "best_epoch": scores.index(max(scores)) + 1 if scores else None,
            "seconds": epoch_s * len(scores),
            "cpu_seconds": 4.0 * len(scores),
            "precision": "float32",
        }
        return TrialResult(**{**fields, **changes})

    return make


@pytest.fixture
def make_record(make_result: Callable[..., TrialResult]) -> Callable[..., TrialRecord]:
    """A record with this number, these scores and this state; a running trial has no result."""

    def make(
        number: int, *scores: float, state: str = TrialState.COMPLETE, **changes: Any
    ) -> TrialRecord:
        ended = scores or state != TrialState.RUNNING
        result = make_result(*scores, state=TrialState(state)) if ended else None
        fields = {"number": number, "state": TrialState(state), **TRIAL, "result": result}
        return TrialRecord(**{**fields, **changes})

    return make


@pytest.fixture
def make_finals() -> Callable[..., Finals]:
    """A function that makes finals of trial 4: 7 errors in 360, 0.5 points of optimism."""

    def make(**changes: Any) -> Finals:
        fields = {
            "winner": 4,
            "val_best": 0.98,
            "test_winner": MeasuredScore(n=360, errors=9, accuracy=0.975, low=0.9, high=1.0),
            "test": MeasuredScore(n=360, errors=7, accuracy=353 / 360, low=0.960414, high=0.99055),
            "refit": RefitSummary(
                shipped=True, refusal="", epochs=2, seconds=9.0, train_loss=(0.9, 0.4)
            ),
        }
        return Finals(**{**fields, **changes})

    return make


@pytest.fixture(scope="session")
def data() -> PreparedData:
    """60 noisy images of 8x8 in two classes, dark and bright: 54 train, 6 validate."""
    rng = np.random.default_rng(0)
    labels = np.arange(60, dtype=np.int64) % 2
    pixels = rng.integers(0, 156, (60, 8, 8, 1)) + 100 * labels[:, None, None, None]
    images = TrainingImages(images=pixels.astype(np.uint8), labels=labels)
    return prepare_images("tiny", ("dark", "bright"), images)


@pytest.fixture(scope="session")
def config() -> TrialConfig:
    """One convolution of two filters, for trainings on those images."""
    return TrialConfig(
        blocks=(Block(filters=(2,)),),
        head="global_max",
        batch_size=16,
        optimizer=Optimizer(name="adam", learning_rate=0.02),
        early_stopping=EarlyStopping(enabled=False),
    )


@pytest.fixture
def facts() -> Facts:
    """The facts of a study of 8x8x1 images in two classes, measured on a CPU."""
    measured = Measurement(
        backend="tensorflow",
        device="cpu",
        names=("a processor",),
        versions=("keras 3.15.1", "tensorflow 2.21.0"),
        precision="float32",
        setup_seconds=1.5,
        epoch_seconds=0.25,
    )
    return Facts(
        image_shape=(8, 8, 1),
        class_names=("0", "1"),
        fingerprint="0" * 64,
        mean=(80.5,),
        std=(96.25,),
        n_train=54,
        n_validation=6,
        horizon=12,
        proposer="tpe",
        pruner="halving",
        first_look=0.2,
        measurements=(measured,),
    )


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Processes of `-n auto`: one a core with enough memory; 0 if only some tests were selected."""
    if config.args != config.getini("testpaths"):
        return 0
    free_mb = psutil.virtual_memory().available // 2**20
    return max(1, min(len(os.sched_getaffinity(0)), free_mb // TEST_PROCESS_MB))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files with the most trainings first, so that no process is left with them alone."""
    n_trainings = Counter(item.path for item in items if item.get_closest_marker("training"))
    items.sort(key=lambda item: -n_trainings[item.path])  # stable


@pytest.fixture
def keep_policy() -> Iterator[None]:
    """Restore Keras' dtype policy, which exports set."""
    import keras

    before = keras.config.dtype_policy()
    yield
    keras.config.set_dtype_policy(before)


@pytest.fixture
def quiet_optuna() -> Iterator[None]:
    """Switch off Optuna's messages about each study that it creates."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    yield
    optuna.logging.set_verbosity(before)


@pytest.fixture
def console() -> Console:
    """A terminal of 120 columns that records what is printed."""
    return Console(
        record=True, force_terminal=True, width=120, height=50, file=io.StringIO(), highlight=False
    )


@pytest.fixture
def show() -> Callable[..., list[str]]:
    """A function that returns the lines of a renderable on a terminal of this width."""

    def lines(renderable: Any, width: int = 120) -> list[str]:
        plain = Console(width=width, file=io.StringIO(), record=True, highlight=False)
        plain.print(renderable)
        return [line.rstrip() for line in plain.export_text().splitlines()]

    return lines
