"""Recipes: configurations known to be good for images of one size, tried before anything else."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

from autocnn.errors import SpaceError
from autocnn.space.expand import expand
from autocnn.space.library import library_path
from autocnn.space.parameters import Fixed, Value
from autocnn.space.space import SearchSpace


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One known-good configuration, as values of the parameters of the space `cnn`."""

    name: str
    values: Mapping[str, Value]

    def point_in(self, space: SearchSpace) -> dict[str, Value]:
        """The recipe as a point of `space`: its own values, and what the space fixes.

        Raises: SpaceError if the recipe is no point of `space`.
        """
        point: dict[str, Value] = {}
        for name, parameter in space.parameters.items():
            if name in self.values:
                point[name] = parameter.canonical(self.values[name])
            elif isinstance(parameter, Fixed) and space.is_active(name, point):
                point[name] = parameter.value
        space.check_point(point)
        if space.config(point) != expand(self.values):
            missing = sorted(set(self.values) - set(point)) or sorted(set(point) - set(self.values))
            raise SpaceError(f"the space has no {missing[0]} of the recipe's kind")
        return point

    def values_in(self, space: SearchSpace) -> dict[str, Value]:
        """The values of the parameters that `space` varies.

        Raises: SpaceError if the recipe is no point of `space`.
        """
        varying = dict(space.varying())
        return {n: value for n, value in self.point_in(space).items() if n in varying}


def load_recipes(image_shape: tuple[int, int, int]) -> list[Recipe]:
    """The recipes for images of this height and width, the best first; none for other sizes."""
    path = library_path() / "recipes" / f"{image_shape[0]}x{image_shape[1]}.toml"
    if not path.is_file():
        return []
    data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    return [Recipe(name=item["name"], values=item["values"]) for item in data["recipe"]]
