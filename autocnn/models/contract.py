"""`ModelContract`: what an exported network expects of an image, and what its outputs mean.

It lies in the exported file and beside it. Keras is not imported: a contract is read, and images
are prepared by it, without loading any network.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final, cast, get_args

from autocnn.data.options import CROP, PAD, RESIZES, STRETCH
from autocnn.models.views import PLAIN, VIEWS

if TYPE_CHECKING:  # imports NumPy: the help of the command line imports this module
    from autocnn.data.value_range import ValueRange

VERSION: Final = 1  # of the form in which a contract is written
COLOURS: Final = {1: "grey", 3: "RGB"}  # by the number of channels
RULES: Final = {  # of images of another size, by the setting `resize`
    CROP: "scaled to cover, centre crop, bilinear, antialiased",
    PAD: "scaled to fit, centred, padded with 0, bilinear, antialiased",
    STRETCH: "height and width scaled apart, bilinear, antialiased",
}
VALUES: Final = (0, 255)  # the lowest and highest value of a pixel that a network takes
MAX_SIDE = 1 << 14  # pixels of a side; a contract with more is no contract of autocnn
MAX_VALUE = (1 << 16) - 1  # of a stored pixel
_SHOWN = 60  # characters of a wrong value in an error


def _installed_version() -> str:
    return metadata.version("autocnn")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelContract:
    """What an exported network expects, what its outputs mean, and where it comes from.

    Raises: ValueError, of one line, if a value does not fit.
    """

    class_names: tuple[str, ...]  # in the order of the outputs
    image_shape: tuple[int, int, int]  # height, width, channels
    value_range: ValueRange  # of the stored values that became 0 to 255
    dataset: str  # the name of a data set of the catalog, or of the file or folder of own images
    study: str
    trial: int
    resize: str = CROP  # how an image of another size gets that of `image_shape`
    autocnn: str = field(default_factory=_installed_version)  # the version that wrote the file
    members: tuple[tuple[int, float], ...] = ()  # trial and weight of each; (): one network
    views: str = PLAIN  # of each image, whose predictions the network averages

    def __post_init__(self) -> None:
        """Check the values that a file may hold."""
        if not self.class_names:
            raise ValueError("expected class_names, got none")
        height, width, channels = self.image_shape
        for name, side in (("height", height), ("width", width)):
            if not 0 < side <= MAX_SIDE:
                raise ValueError(f"expected {name} from 1 to {MAX_SIDE}, got {side}")
        if channels not in COLOURS:
            raise ValueError(f"expected 1 or 3 channels, got {channels}")
        if self.resize not in RESIZES:
            raise ValueError(f"expected resize as one of {', '.join(RESIZES)}, got {self.resize!r}")
        if self.trial < 0:
            raise ValueError(f"expected trial from 0, got {self.trial}")
        if self.views not in VIEWS:
            raise ValueError(f"expected views as one of {', '.join(VIEWS)}, got {self.views!r}")
        if any(trial < 0 or not 0 < weight <= 1 for trial, weight in self.members):
            raise ValueError("expected members with a trial from 0, and a weight above 0, up to 1")

    @property
    def colour(self) -> str:
        """The colour of an image: "grey" (1 channel) or "RGB" (3 channels)."""
        return COLOURS[self.image_shape[2]]


def contract_to_json(contract: ModelContract) -> dict[str, Any]:
    """`contract` as plain values, ready for JSON, with the rules that hold for every network.

    The keys `members` and `views` are there only if the file holds more than one network, or views:
    a program that does not know them uses the file in the same way.
    """
    height, width, channels = contract.image_shape
    return {
        "version": VERSION,
        "class_names": list(contract.class_names),
        "image": {
            "height": height,
            "width": width,
            "channels": channels,
            "colour": contract.colour,
            "resize": RULES[contract.resize],
            "values": list(VALUES),
            "stored_values": asdict(contract.value_range),
        },
        "dataset": contract.dataset,
        "study": contract.study,
        "trial": contract.trial,
        "autocnn": contract.autocnn,
        **_parts_to_json(contract),
    }


def _parts_to_json(contract: ModelContract) -> dict[str, Any]:
    members = [{"trial": trial, "weight": weight} for trial, weight in contract.members]
    return {
        **({"members": members} if members else {}),
        **({"views": contract.views} if contract.views != PLAIN else {}),
    }


def contract_from_json(data: object) -> ModelContract:
    """The inverse of `contract_to_json`, for data of unknown origin. Unknown keys are ignored.

    Raises: ValueError, of one line, if `data` is no contract, or one of other rules than this
    version of autocnn follows.
    """
    found = _Values(data, "")
    if not is_contract(found.values):
        raise ValueError("expected a contract with class_names and autocnn, got something else")
    found.expect("version", VERSION)
    image = _Values(found.values.get("image"), "image.")
    contract = ModelContract(
        class_names=found.texts("class_names"),
        image_shape=(image.whole("height"), image.whole("width"), image.whole("channels")),
        value_range=_value_range(image.values.get("stored_values")),
        dataset=found.text("dataset"),
        study=found.text("study"),
        trial=found.whole("trial"),
        resize=image.key_of("resize", RULES),
        autocnn=found.text("autocnn"),
        members=_members(found.values.get("members", [])),
        views=found.text("views") if "views" in found.values else PLAIN,
    )
    image.expect("colour", contract.colour)
    image.expect("values", list(VALUES))
    return contract


def _value_range(data: object) -> ValueRange:
    from autocnn.data.value_range import Kind, ValueRange

    stored = _Values(data, "image.stored_values.")
    kind, high = stored.text("kind"), stored.whole("high")
    if kind not in get_args(Kind) or not 0 < high <= MAX_VALUE:
        raise ValueError(f"expected a range of stored values, got {_shown(stored.values)}")
    return ValueRange(cast(Kind, kind), high)


def _members(data: object) -> tuple[tuple[int, float], ...]:
    if not isinstance(data, list):
        raise ValueError(f"expected members as a list, got {_shown(data)}")
    found = [_Values(each, f"members[{place}].") for place, each in enumerate(data)]
    return tuple((each.whole("trial"), each.number("weight")) for each in found)


def is_contract(data: object) -> bool:
    """True if `data` was written as a contract, of any version."""
    return isinstance(data, Mapping) and {"class_names", "autocnn"} <= data.keys()


@dataclass(frozen=True, slots=True)
class _Values:
    """The values of one JSON object, each read as the type that is expected of it.

    Raises: ValueError if `values` is no object; each method, if its value has another type.
    """

    values: Any
    place: str  # of the object in the contract, such as "image."

    def __post_init__(self) -> None:
        if not isinstance(self.values, Mapping):
            place = self.place.removesuffix(".") or "a contract"
            raise ValueError(f"expected {place} as a JSON object, got {_shown(self.values)}")

    def expect(self, key: str, expected: object) -> None:
        """Raise if the value is another one, or another type, than `expected`."""
        value = self.values.get(key)
        if type(value) is not type(expected) or value != expected:
            raise self._wrong(key, repr(expected))

    def key_of(self, key: str, texts: Mapping[str, str]) -> str:
        """The key of the value among `texts`."""
        for each, text in texts.items():
            if self.values.get(key) == text:
                return each
        raise self._wrong(key, " or ".join(map(repr, texts.values())))

    def text(self, key: str) -> str:
        """A text."""
        value = self.values.get(key)
        if not isinstance(value, str):
            raise self._wrong(key, "a text")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        value = self.values.get(key)
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise self._wrong(key, "a list of texts")
        if any(not isinstance(each, str) for each in value):
            raise self._wrong(key, "a list of texts")
        return tuple(value)

    def whole(self, key: str) -> int:
        """A whole number."""
        value = self.values.get(key)
        if type(value) is not int:  # True and 1.0 are none
            raise self._wrong(key, "a whole number")
        return value

    def number(self, key: str) -> float:
        """A finite number."""
        value = self.values.get(key)
        if type(value) not in (int, float) or not math.isfinite(value):
            raise self._wrong(key, "a number")
        return float(value)

    def _wrong(self, key: str, expected: str) -> ValueError:
        got = _shown(self.values[key]) if key in self.values else "nothing"
        return ValueError(f"expected {self.place}{key} to be {expected}, got {got}")


def _shown(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
