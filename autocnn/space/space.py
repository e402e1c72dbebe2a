"""`SearchSpace`: the parameters of a study, and the limits on the cost of a network."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from autocnn.errors import Infeasible, SpaceError
from autocnn.space.config import Block, Dense, TrialConfig
from autocnn.space.expand import expand
from autocnn.space.layers import Network, plan_network
from autocnn.space.parameters import Fixed, Parameter, Value
from autocnn.space.points import count_points

LEAST_AREA = 32 * 32  # pixels of an image that `macs_per_pixel` counts for smaller ones, too
BATCH_SIZE = "batch_size"  # the parameter
LEAST_STEPS = 16  # of an epoch, which bounds the batches of few images
UNKNOWN_SIDE = 32  # pixels, of images that a space was not fitted to
FRACTIONS = {"shift_fraction": "shift", "cutout_fraction": "cutout"}  # of the side; in pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The largest cost of a network of the space; None: no limit."""

    parameters: int | None = None
    macs: int | None = None  # multiply-accumulates of one image's forward pass
    macs_per_pixel: int | None = None  # the same, for each pixel of the image

    def check(self, network: Network, image_shape: tuple[int, int, int]) -> None:
        """Raise Infeasible if `network`, for images of this shape, breaks a limit."""
        for name, limit, cost in (
            ("parameters", self.parameters, network.parameters),
            ("macs", self.macs_for(image_shape), network.macs),
        ):
            if limit is not None and cost > limit:
                raise Infeasible(f"{cost:,} {name} are above the limit of {limit:,}")

    def macs_for(self, image_shape: tuple[int, int, int]) -> int | None:
        """The largest multiply-accumulates for images of this shape; None: no limit."""
        height, width, _ = image_shape
        per_pixel = self.macs_per_pixel
        grown = None if per_pixel is None else per_pixel * max(LEAST_AREA, height * width)
        return min((each for each in (self.macs, grown) if each is not None), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedOn:
    """The images that the networks of a space are trained on."""

    side: int  # pixels, of the shorter side
    n: int

    @property
    def largest_batch(self) -> int:
        """The largest batch that is drawn: an epoch has LEAST_STEPS steps or more."""
        return max(1, self.n // LEAST_STEPS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """The published result of a baseline; None: the source does not state it."""

    dataset: str  # its name in the catalog
    source: str
    test_accuracy: float | None = None
    epochs: int | None = None
    batch_size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSpace:
    """The parameters, in drawing order: a condition refers to earlier parameters only."""

    name: str
    parameters: Mapping[str, Parameter]
    description: str = ""
    limits: Limits = field(default_factory=Limits)
    blocks: tuple[Block, ...] | None = None  # an explicit architecture instead of parameters
    dense: tuple[Dense, ...] | None = None
    published: Published | None = None  # baselines only
    text: str = ""  # of the file that the space was read from, for the manifest
    images: TrainedOn | None = None  # which decide what some values mean; None: not known yet

    def fitted(self, image_shape: tuple[int, int, int], n_train: int) -> SearchSpace:
        """This space for `n_train` training images of this shape."""
        return replace(self, images=TrainedOn(side=min(image_shape[:2]), n=n_train))

    def with_batch(self, size: int) -> SearchSpace:
        """This space with batches of `size` images in every configuration."""
        return replace(self, parameters={**self.parameters, BATCH_SIZE: Fixed(value=size)})

    def is_active(self, name: str, values: Mapping[str, Value]) -> bool:
        """True if every condition of parameter `name` holds for the canonical values so far."""
        when = self.parameters[name].when
        return all(other in values and rule.holds(values[other]) for other, rule in when.items())

    def varying(self) -> Iterator[tuple[str, Parameter]]:
        """The parameters that are not fixed, in drawing order."""
        return ((n, p) for n, p in self.parameters.items() if not isinstance(p, Fixed))

    def canonical(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """`values` in their one notation; a value that the space does not have stays as it is."""
        known = self.parameters
        return {n: known[n].canonical(v) if n in known else v for n, v in values.items()}

    def varied(self, point: Mapping[str, Value]) -> dict[str, Value]:
        """The values of `point` that are not fixed, in its order."""
        varying = dict(self.varying())
        return {name: value for name, value in point.items() if name in varying}

    def point_with(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """The point that has the configuration of `values`, which may lack what the space fixes.

        Raises: SpaceError if the space has no such point.
        """
        point: dict[str, Value] = {}
        for name, parameter in self.parameters.items():
            if name in values:
                point[name] = parameter.canonical(values[name])
            elif isinstance(parameter, Fixed) and self.is_active(name, point):
                point[name] = parameter.value
        self.check_point(point)
        if self.config(point) != self.config(values):
            missing = sorted(set(values) - set(point)) or sorted(set(point) - set(values))
            raise SpaceError(f"the space has no {missing[0]} of that kind")
        return point

    def sample(self, rng: np.random.Generator) -> dict[str, Value]:
        """Random values of all active parameters; the point may be infeasible."""
        values: dict[str, Value] = {}
        for name, parameter in self.parameters.items():
            if self.is_active(name, values):
                values[name] = parameter.sample(rng)
        return values

    def check_point(self, values: Mapping[str, Value]) -> None:
        """Raise SpaceError unless `values` has the active parameters only, all in range."""
        seen: dict[str, Value] = {}
        for name, parameter in self.parameters.items():
            if not self.is_active(name, seen):
                continue
            if name not in values:
                raise SpaceError(f"{name} has no value")
            if not parameter.contains(values[name]):
                raise SpaceError(f"{name} = {values[name]!r} is outside the space")
            seen[name] = parameter.canonical(values[name])
        extra = sorted(set(values) - set(seen))
        if extra:
            raise SpaceError(f"{extra[0]} = {values[extra[0]]!r} is no active parameter")

    def config(self, values: Mapping[str, Value]) -> TrialConfig:
        """The configuration at the point `values`, for the images that the space is fitted to.

        Fractions of the side become pixels. A batch that is drawn leaves LEAST_STEPS steps to an
        epoch; a batch that the space fixes stays as it is.
        Raises: Infeasible if the values contradict each other.
        """
        return expand(self._for_images(values), self.blocks, self.dense)

    def _for_images(self, values: Mapping[str, Value]) -> dict[str, Value]:
        meant, images = dict(values), self.images
        side = UNKNOWN_SIDE if images is None else images.side
        for fraction, pixels in FRACTIONS.items():
            if fraction in meant:
                meant[pixels] = round(float(meant.pop(fraction)) * side)
        is_drawn = not isinstance(self.parameters.get(BATCH_SIZE), Fixed)
        if images is not None and is_drawn and BATCH_SIZE in meant:
            meant[BATCH_SIZE] = min(int(meant[BATCH_SIZE]), images.largest_batch)
        return meant

    def network(
        self, config: TrialConfig, image_shape: tuple[int, int, int], n_classes: int
    ) -> Network:
        """The layers of `config` for images of this shape, within the limits.

        Raises: Infeasible if there is no such network, or it breaks a limit.
        """
        network = plan_network(config, image_shape, n_classes)
        self.limits.check(network, image_shape)
        return network

    def n_points(self) -> float:
        """The number of points, feasible or not.

        It is infinite if a parameter is continuous, or if no float can hold the number.
        Raises: SpaceError if conditions split a finite space into too many parts.
        """
        if any(math.isinf(parameter.n_values()) for parameter in self.parameters.values()):
            return math.inf
        n = count_points(self.parameters)
        return n if n <= sys.float_info.max else math.inf
