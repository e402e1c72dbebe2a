"""Loading Keras without the lines that its backend prints while it starts."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

# Read by the backends when they start; what a person has set stays.
ENVIRONMENT = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",  # several processes share a GPU
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",  # the same for JAX
}


def load_keras() -> None:
    """Import Keras and its backend, quietly: what native code prints to stderr is dropped."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    with _stderr_dropped() if "keras" not in sys.modules else nullcontext():
        import keras
    # Whatever keras.json says: images and networks have their channels last here.
    keras.config.set_image_data_format("channels_last")


@contextmanager
def _stderr_dropped() -> Iterator[None]:
    sys.stderr.flush()
    kept, sink = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(sink)
