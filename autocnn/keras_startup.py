"""Loading Keras: its backend is checked, and what the backend prints at its start is dropped."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from autocnn.errors import SettingsError

VARIABLE = "KERAS_BACKEND"
SETTINGS = "keras.json"  # in the folder of Keras
DEFAULT_BACKEND = "tensorflow"
# Each backend that autocnn has a training loop for, and the command that installs it.
TRAINING_BACKENDS = {"tensorflow": "pip install tensorflow", "jax": "pip install 'autocnn[jax]'"}
OTHER_BACKENDS = ("torch",)  # a model can be exported with it

# Read by the backends at their start; a variable that is set already stays as it is.
ENVIRONMENT = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",  # several processes share a GPU
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",  # the same for JAX
}

# TensorFlow leaves oneDNN out on processors without AVX-512, where a step then takes up to 2.3
# times as long. With one thread oneDNN corrupts the heap there in some networks, so that it is
# turned on for two cores or more only (docs/experiments.md).
ONEDNN = "TF_ENABLE_ONEDNN_OPTS"
ONEDNN_CORES = 2

# Packages that Keras and TensorFlow import, if they are installed, for parts that autocnn does not
# use: wrappers, plots, tables as input, conversion. They are half of the time of the import, and a
# third of its memory (docs/experiments.md).
OPTIONAL = ("jax", "matplotlib", "pandas", "sklearn")
_is_own = False


def own_process() -> None:
    """Say that this process runs autocnn alone, so that Keras is loaded without OPTIONAL packages.

    A user's own process may give Keras a table of pandas, or use its wrapper for scikit-learn.
    """
    global _is_own
    _is_own = True


def load_keras() -> None:
    """Import Keras and its backend without the lines that native code prints to stderr.

    Raises: SettingsError if the backend is unknown, not installed, or cannot be loaded, or if
    Keras refuses its own settings.
    """
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    if "keras" not in sys.modules:
        backend = check_backend(os.environ)
        hidden = [name for name in OPTIONAL if _is_own and name != backend]
        with stderr_dropped(), _onednn_chosen(), _hidden(hidden):
            _import_keras()
    keras = _import_keras()
    # Images and networks have their channels last here, whatever keras.json holds.
    keras.config.set_image_data_format("channels_last")


def _import_keras() -> ModuleType:
    try:
        import keras
    except ImportError as error:  # a broken installation, or too little memory for it
        reason = str(error).partition("\n")[0]
        raise SettingsError(f"Keras and its backend cannot be loaded ({reason})") from error
    except (ValueError, TypeError, OSError) as error:  # of a setting in keras.json or KERAS_*
        reason, file = str(error).partition("\n")[0], _keras_folder(os.environ) / SETTINGS
        raise SettingsError(
            f"Keras cannot be loaded ({reason}); look into {file} and the variables KERAS_*"
        ) from error
    loaded: ModuleType = keras
    return loaded


@contextmanager
def _hidden(packages: Collection[str]) -> Iterator[None]:
    """Let imports of `packages` fail in the block, as if they were not installed."""
    absent = [name for name in packages if name not in sys.modules]
    for name in absent:
        sys.modules[name] = None  # type: ignore[assignment]  # importlib: the import fails
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


@contextmanager
def _onednn_chosen() -> Iterator[None]:
    """Turn oneDNN on, unless the variable is set or this process has one core.

    TensorFlow reads the variable while it is imported. It is not left behind: a process that is
    started later may have fewer cores.
    """
    if ONEDNN in os.environ or _n_cores() < ONEDNN_CORES:
        yield
        return
    os.environ[ONEDNN] = "1"
    try:
        yield
    finally:
        del os.environ[ONEDNN]


def _n_cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _is_installed(package: str) -> bool:
    return find_spec(package) is not None


@contextmanager
def startup_lines_dropped() -> Iterator[None]:
    """Drop what TensorFlow prints to stderr if it starts inside, at most.

    Under any backend Keras imports TensorFlow, if it is installed, to write and to read a model's
    file. Nothing is dropped if TensorFlow has been imported before, or cannot be.
    """
    starts = DEFAULT_BACKEND not in sys.modules and _is_installed(DEFAULT_BACKEND)
    with stderr_dropped() if starts else nullcontext():
        yield


def check_backend(
    environment: Mapping[str, str], is_installed: Callable[[str], bool] = _is_installed
) -> str:
    """The backend that Keras will import: the variable's, else that of keras.json.

    Raises: SettingsError if it is unknown or not installed.
    """
    file = _keras_folder(environment) / SETTINGS
    configured = _configured_backend(file)  # Keras reads the file in any case
    source, backend = VARIABLE, environment.get(VARIABLE, "")
    if not backend:
        source, backend = f"{file}: backend", configured
    if backend in (*TRAINING_BACKENDS, *OTHER_BACKENDS) and is_installed(backend):
        return backend
    if backend not in TRAINING_BACKENDS:
        raise SettingsError(
            f"{source}={backend}: autocnn trains on {' or '.join(TRAINING_BACKENDS)}; set "
            f"{VARIABLE} to one of them"
        )
    other = next(name for name in TRAINING_BACKENDS if name != backend)
    raise SettingsError(
        f"{source}={backend}: the package {backend} is not installed; "
        f"{TRAINING_BACKENDS[backend]}, or set {VARIABLE}={other}"
    )


def _keras_folder(environment: Mapping[str, str]) -> Path:
    """The folder of Keras' configuration, as Keras finds it."""
    return Path(os.path.expanduser(environment.get("KERAS_HOME", "~/.keras")))


def _configured_backend(file: Path) -> str:
    """The backend that keras.json names; Keras' default if the file is absent or no JSON.

    Raises: SettingsError for what Keras cannot read: no file, no table, a deep nesting.
    """
    if not os.path.exists(file):
        return DEFAULT_BACKEND
    found: object = None
    with suppress(OSError, RecursionError):
        try:
            found = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None
        except ValueError:  # Keras takes its defaults
            found = {}
    if not isinstance(found, dict):
        raise SettingsError(f"{file}: expected a table of Keras' settings; correct or delete it")
    return str(found.get("backend", DEFAULT_BACKEND))


@contextmanager
def stderr_dropped() -> Iterator[None]:
    """Drop what is printed to stderr inside, also by native code."""
    sys.stderr.flush()
    kept, sink = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(sink)
