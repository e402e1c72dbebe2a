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

    def values_in(self, space: SearchSpace) -> dict[str, Value]:
        """The values of the parameters that `space` varies.

        Raises: SpaceError if the recipe is no point of `space`.
        """
        known = {name: value for name, value in self.values.items() if name in space.parameters}
        fixed = {
            name: parameter.value
            for name, parameter in space.parameters.items()
            if isinstance(parameter, Fixed) and space.is_active(name, {**known})
        }
        space.check_point({**fixed, **known})
        if space.config({**fixed, **known}) != expand(self.values):
            missing = sorted(set(self.values) - set(space.parameters)) or sorted(fixed)
            raise SpaceError(f"the space has no {missing[0]} of the recipe's kind")
        return {name: value for name, value in known.items() if name not in fixed}


def load_recipes(image_shape: tuple[int, int, int]) -> list[Recipe]:
    """The recipes for images of this height and width, the best first; none for other sizes."""
    path = library_path() / "recipes" / f"{image_shape[0]}x{image_shape[1]}.toml"
    if not path.is_file():
        return []
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    return [Recipe(name=item["name"], values=item["values"]) for item in data["recipe"]]
