"""`Ensemble`: several trained networks, and views of an image, as one network."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras

from autocnn.models.network import BuiltNetwork
from autocnn.models.trained import TrainedModel, float32_policy
from autocnn.models.views import PLAIN, VIEWS, average_views, is_moving, stack_views
from autocnn.nn.model import ImageSpec


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Member:
    """One network of an ensemble, with its share in the mean of the probabilities."""

    model: TrainedModel
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ensemble(BuiltNetwork):
    """The weighted mean of the probabilities of its members, each over the views of an image.

    Raises: ValueError if there is no member, if the weights do not sum to 1, if the members differ
    in images or classes, or for views that the images are too small for.
    """

    members: tuple[Member, ...]
    views: str = PLAIN

    def __post_init__(self) -> None:
        weights = [member.weight for member in self.members]
        if not weights or min(weights) <= 0 or not math.isclose(sum(weights), 1):
            raise ValueError(f"expected weights above 0 that sum to 1, got {weights}")
        kinds = {(each.model.image.shape, each.model.class_names) for each in self.members}
        if len(kinds) != 1:
            raise ValueError(f"expected members of the same images and classes, got {kinds}")
        if self.views not in VIEWS:
            raise ValueError(f"expected views {' or '.join(VIEWS)}, got {self.views!r}")
        if is_moving(self.views) and min(self.image.shape[:2]) < 2:
            raise ValueError(f"expected images of 2 pixels a side or more, got {self.image.shape}")

    @property
    def image(self) -> ImageSpec:
        """The images and the number of classes."""
        return self.members[0].model.image

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes, in the order of the outputs."""
        return self.members[0].model.class_names

    def build(self) -> keras.Model:
        """One Keras model in which each member is a model of its own, called once.

        All views of a batch go through a member together. Shapes as of `TrainedModel.build`.
        Raises: RecordError if the weights of a member cannot be read.
        """
        with float32_policy():
            images = keras.Input(self.image.shape, name="image")
            views = stack_views(images, self.views)
            total: Any = None
            for place, member in enumerate(self.members):
                network = member.model.build(name=f"member_{place}")
                part = average_views(network(views), self.views, self.image.n_classes)
                part = part if len(self.members) == 1 else part * member.weight
                total = part if total is None else total + part
            return keras.Model(images, total, name="autocnn")


def with_views(model: TrainedModel, views: str) -> Ensemble:
    """`model` alone, with views of each image."""
    return Ensemble(members=(Member(model=model, weight=1.0),), views=views)


def combine(models: Sequence[TrainedModel], counts: Sequence[int], views: str = PLAIN) -> Ensemble:
    """The ensemble in which each model has the share of its count; those of count 0 are left out.

    Raises: as `Ensemble`.
    """
    total = sum(counts)
    return Ensemble(
        members=tuple(
            Member(model=model, weight=count / total)
            for model, count in zip(models, counts, strict=True)
            if count
        ),
        views=views,
    )
