"""The survey of a space: the number of its points, the feasible share, and their costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from autocnn.errors import Infeasible, SpaceError
from autocnn.space.space import SearchSpace

QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """The feasibility and the costs of random samples of a space, for images of one shape."""

    points: float  # of the whole space; infinite if it is continuous
    samples: int
    feasible: int
    parameters: tuple[float, ...]  # at QUANTILES, over the feasible samples
    macs: tuple[float, ...]
    reason: str  # why the last infeasible sample was infeasible, or "" without such a sample


def survey_space(
    space: SearchSpace,
    image_shape: tuple[int, int, int],
    n_classes: int,
    samples: int = 1000,
    seed: int = 0,
) -> Survey:
    """Draw `samples` random points and count those that can be built within the limits."""
    rng = np.random.default_rng(seed)
    costs, reason = [], ""
    for _ in range(samples):
        try:
            network = space.network(space.config(space.sample(rng)), image_shape, n_classes)
            costs.append((network.parameters, network.macs))
        except Infeasible as error:
            reason = str(error)
    table = np.quantile(costs, QUANTILES, axis=0) if costs else np.zeros((len(QUANTILES), 2))
    return Survey(
        points=space.n_points(),
        samples=samples,
        feasible=len(costs),
        parameters=tuple(float(x) for x in table[:, 0]),
        macs=tuple(float(x) for x in table[:, 1]),
        reason=reason,
    )


def check_feasible(space: SearchSpace, image_shape: tuple[int, int, int], n_classes: int) -> Survey:
    """The survey of `space` for images of this shape and number of classes.

    Raises: SpaceError if none of the samples is feasible.
    """
    survey = survey_space(space, image_shape, n_classes)
    if survey.feasible == 0:
        size = "x".join(str(side) for side in image_shape)
        raise SpaceError(
            f"space {space.name}: none of {survey.samples} samples is feasible for images of "
            f"{size}: {survey.reason}; widen the ranges or the limits"
        )
    return survey
