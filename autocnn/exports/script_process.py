"""A fresh Python process that builds the network of a script, without autocnn, and answers."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from autocnn.errors import AutocnnError

if TYPE_CHECKING:
    from autocnn.models.predictor import Pixels, Probabilities

# Images go in and probabilities come out as raw float32 of 4 bytes, after the number of images.
CHILD: Final = """
import os, sys
sys.modules["autocnn"] = None  # an import of it fails
answers = os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)  # what libraries print is no answer
import runpy
import keras
import numpy as np
script = runpy.run_path(sys.argv[1])
network = script["build_network"]()
with np.load(sys.argv[2], allow_pickle=False) as file:
    network.set_weights([file[f"arr_{i}"] for i in range(len(file.files))])
size = 4 * int(np.prod(network.input_shape[1:]))
while head := sys.stdin.buffer.read(4):
    n = int.from_bytes(head, "little")
    pixels = np.frombuffer(sys.stdin.buffer.read(n * size), np.float32)
    logits = network(pixels.reshape(n, *network.input_shape[1:]), training=False)
    answer = keras.ops.convert_to_numpy(keras.ops.softmax(logits))
    answers.write(np.asarray(answer, np.float32).tobytes())
    answers.flush()
"""


class ScriptProcess:
    """The answers of the network that the script at `path` builds, with trained weights.

    The process ends with this object.
    """

    def __init__(self, path: Path, weights: Sequence[NDArray[Any]], n_classes: int) -> None:
        import keras

        self._name, self._n_classes = path.name, n_classes
        folder = tempfile.TemporaryDirectory(prefix="autocnn-script-")
        trained = Path(folder.name, "weights.npz")
        np.savez(trained, *weights)
        self._log = Path(folder.name, "log.txt")
        with self._log.open("wb") as log:
            self._child = subprocess.Popen(
                [sys.executable, "-c", CHILD, str(path), str(trained)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, "KERAS_BACKEND": keras.backend.backend()},
            )
        weakref.finalize(self, _end, self._child, folder)

    def __call__(self, images: Pixels) -> Probabilities:
        """The probabilities; AutocnnError if the script fails."""
        given, taken = self._child.stdin, self._child.stdout
        assert given is not None
        assert taken is not None
        size = 4 * len(images) * self._n_classes
        try:
            given.write(len(images).to_bytes(4, "little"))
            given.write(np.ascontiguousarray(images, np.float32).tobytes())
            given.flush()
            answer = taken.read(size)
        except BrokenPipeError:
            answer = b""
        if len(answer) != size:
            lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
            reason = lines[-1] if lines else "no answer"
            raise AutocnnError(f"{self._name}: the script failed in a fresh process ({reason})")
        return np.frombuffer(answer, np.float32).reshape(-1, self._n_classes)


def _end(child: subprocess.Popen[bytes], folder: tempfile.TemporaryDirectory[str]) -> None:
    child.kill()
    child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
    folder.cleanup()
