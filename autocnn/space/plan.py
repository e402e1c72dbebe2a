"""A fixed list of trainings: what an ablation or a comparison of baselines runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autocnn.space.config import TrialConfig
from autocnn.space.parameters import Categorical
from autocnn.space.space import SearchSpace

VARIANT, REPEAT = "variant", "repeat"  # the parameters of a plan's study


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One training: a named configuration, and which of its repetitions."""

    variant: str
    repeat: int  # from 0; the same repetition of all variants has the same seed
    config: TrialConfig

    @property
    def key(self) -> tuple[str, int]:
        """What tells it from the others of the plan."""
        return self.variant, self.repeat


def repeat_all(configs: Mapping[str, TrialConfig], n: int) -> tuple[Planned, ...]:
    """Every configuration `n` times, in whole rounds of all of them."""
    return tuple(
        Planned(variant=name, repeat=repeat, config=config)
        for repeat in range(n)
        for name, config in configs.items()
    )


def plan_space(plan: Sequence[Planned]) -> SearchSpace:
    """What varies in a plan: the variant and its repetition."""
    names = tuple(dict.fromkeys(planned.variant for planned in plan))
    repeats = tuple(sorted({planned.repeat for planned in plan}))
    return SearchSpace(
        name="plan",
        parameters={VARIANT: Categorical(choices=names), REPEAT: Categorical(choices=repeats)},
    )
