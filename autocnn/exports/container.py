"""The recipe of a small image that serves an exported model: a Dockerfile without TensorFlow."""

from __future__ import annotations

import json
import sys
from importlib import metadata
from pathlib import Path
from typing import Final

from autocnn.errors import SettingsError

PORT: Final = 8000
# What `autocnn serve` imports; autocnn itself is installed without its requirements.
SERVER: Final = (
    "fastapi",
    "uvicorn",
    "python-multipart",
    "jinja2",
    "pillow",
    "numpy",
    "typer",
    "rich",
)
RUN_TIMES: Final = {".onnx": ("onnx", "onnxruntime"), ".tflite": ("ai-edge-litert",)}
HEAD: Final = "# Serves "
_TEXT: Final = """\
{head}{name}, by autocnn without TensorFlow and Keras.
#   docker build -t autocnn-model FOLDER_OF_THIS_FILE_AND_THE_MODEL
#   docker run --rm -p 127.0.0.1:{port}:{port} autocnn-model
# Inside of a container 127.0.0.1 is the container alone, so the server listens on 0.0.0.0 there.
# Who reaches it is decided by -p: with 127.0.0.1 in front it is this machine. The server has no
# users and no passwords: put a proxy before it if other machines are let in.
FROM python:{python}-slim
ARG AUTOCNN="autocnn=={version}"
RUN pip install --no-cache-dir \\
{packages} \\
    && pip install --no-cache-dir --no-deps "$AUTOCNN"
RUN useradd --system --no-create-home server
COPY {copied}
USER server
WORKDIR /model
EXPOSE {port}
HEALTHCHECK CMD ["python", "-c", "{health}"]
CMD ["autocnn", "serve", "/model/model{suffix}", "--host", "0.0.0.0", "--port", "{port}"]
"""


def dockerfile(model: Path) -> str:
    """The text of a Dockerfile that serves the file `model`, which lies beside it.

    The packages have the versions that are installed here.
    Raises: SettingsError for a format whose run time needs TensorFlow or a second file.
    """
    if model.suffix not in RUN_TIMES:
        raise SettingsError(
            f"--dockerfile writes the recipe of a small image, for a file that ends in "
            f"{' or '.join(RUN_TIMES)}; got {str(model)!r} (`autocnn export -o model.onnx`)"
        )
    packages = (*SERVER, *RUN_TIMES[model.suffix])
    pinned = [f"    {name}=={metadata.version(name)}" for name in packages]
    return _TEXT.format(
        head=HEAD,
        name=ascii(model.name)[1:-1],
        port=PORT,
        python=f"{sys.version_info.major}.{sys.version_info.minor}",  # for which the pins are
        version=metadata.version("autocnn"),
        packages=" \\\n".join(pinned),
        copied=json.dumps([model.name, f"/model/model{model.suffix}"]),
        suffix=model.suffix,
        health=f"import urllib.request as u; u.urlopen('http://127.0.0.1:{PORT}/health')",
    )
