"""A queue of requests before one model: few may wait, and each for a limited time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, TimeoutError
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from autocnn.data.decoding import CorruptImageError
from autocnn.models.feature_maps import LayerMaps, feature_maps
from autocnn.models.image_files import prepare_encoded
from autocnn.models.loaded import LoadedModel

Result = TypeVar("Result")


class Busy(Exception):
    """As many requests wait as may wait."""


class Late(Exception):
    """An answer took longer than it may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one request may cost."""

    request_bytes: int = 20 * 2**20
    images: int = 64  # of one request
    waiting: int = 32  # requests, the one that is answered included
    seconds: float = 30.0  # until the answer
    arrival_s: float = 30.0  # until the whole request is there


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The classes of one image, the likeliest first; or the reason why it cannot be read."""

    name: str
    classes: tuple[tuple[str, float], ...] = ()
    problem: str = ""


class Classifier:
    """One model that answers one request at a time, in a thread of its own."""

    def __init__(self, model: LoadedModel, limits: Limits) -> None:
        self.model, self.limits = model, limits
        self._places = BoundedSemaphore(limits.waiting)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="autocnn-serve")

    def classify(self, images: list[tuple[str, bytes]]) -> list[Answer]:
        """The answers for encoded images, each with its name, in their order.

        Raises: Busy if too many requests wait; Late if the answer takes too long.
        """
        return self._in_turn(lambda: self._answer(images))

    def layers(self, content: bytes) -> list[LayerMaps] | None:
        """What the layers make of one encoded image; None if the model's layers are not known.

        Raises: CorruptImageError if it cannot be read; otherwise as `classify`.
        """
        return self._in_turn(lambda: self._look(content))

    def _in_turn(self, work: Callable[[], Result]) -> Result:
        if not self._places.acquire(blocking=False):
            raise Busy
        try:
            job = self._thread.submit(work)
        except BaseException:
            self._places.release()
            raise
        job.add_done_callback(lambda _: self._places.release())
        try:
            return job.result(timeout=self.limits.seconds)
        except TimeoutError:
            job.cancel()
            raise Late from None

    def close(self) -> None:
        """Answer nothing more."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _answer(self, images: list[tuple[str, bytes]]) -> list[Answer]:
        contract = self.model.contract
        pixels: list[NDArray[np.uint8]] = []
        problems: list[str] = []
        for _, content in images:
            try:
                pixels.append(prepare_encoded(content, contract))
                problems.append("")
            except CorruptImageError as error:
                problems.append(str(error))
        shape = (len(pixels), *contract.image_shape)
        rows = iter(self.model.predict(np.array(pixels, np.uint8).reshape(shape)))
        return [
            Answer(name=name, problem=problem)
            if problem
            else Answer(name=name, classes=self.model.rank(next(rows)))
            for (name, _), problem in zip(images, problems, strict=True)
        ]

    def _look(self, content: bytes) -> list[LayerMaps] | None:
        return feature_maps(self.model.predictor, prepare_encoded(content, self.model.contract))
