"""A plan: the fixed list of trainings of an ablation or of a comparison of networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autocnn.space.config import TrialConfig
from autocnn.space.parameters import Categorical
from autocnn.space.space import SearchSpace

VARIANT, REPEAT = "variant", "repeat"  # the parameters of a plan's study


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One training of a plan: a named configuration and the number of a repetition."""

    variant: str
    repeat: int  # from 0; the same repetition of all variants has the same seed
    config: TrialConfig

    @property
    def key(self) -> tuple[str, int]:
        """The variant and the repetition, which no other training of the plan has."""
        return self.variant, self.repeat


def repeat_all(configs: Mapping[str, TrialConfig], n: int) -> tuple[Planned, ...]:
    """A plan of every configuration `n` times; each round has all configurations once."""
    return tuple(
        Planned(variant=name, repeat=repeat, config=config)
        for repeat in range(n)
        for name, config in configs.items()
    )


def plan_space(plan: Sequence[Planned]) -> SearchSpace:
    """A space of two parameters: the plan's variants and repetitions."""
    names = tuple(dict.fromkeys(planned.variant for planned in plan))
    repeats = tuple(sorted({planned.repeat for planned in plan}))
    return SearchSpace(
        name="plan",
        parameters={VARIANT: Categorical(choices=names), REPEAT: Categorical(choices=repeats)},
    )
