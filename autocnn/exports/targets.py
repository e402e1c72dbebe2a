"""Which files an export writes: from --format and --output to formats and paths."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from autocnn.errors import SettingsError
from autocnn.exports.formats import EXPORTS, FORMATS, Format, format_of
from autocnn.exports.litert_file import Quantization

Target = tuple[Format, Path]


def format_keys(formats: Mapping[str, Format] = EXPORTS) -> dict[str, Format]:
    """The formats by the names that --format takes."""
    return {each.key: each for each in formats.values()}


def find_targets(
    output: Path, names: Sequence[str], stem: str, formats: Mapping[str, Format] = EXPORTS
) -> list[Target]:
    """Each format with the path of its model.

    Without `names` the ending of `output` decides. Otherwise `output` is the model's path, or a
    path to which the ending is added, or an existing folder, in which the files are named `stem`.
    A SavedModel that is the only format lies at `output` itself, whatever its name.

    Raises: SettingsError for an unknown name, or for an ending of another format.
    """
    if not names:
        return [(format_of(output, formats), output)]
    known = format_keys(formats)
    for name in names:
        if name not in known:
            raise SettingsError(f"--format must be one of {', '.join(known)}, got {name!r}")
    chosen = [known[name] for name in dict.fromkeys(names)]
    if output.suffix in formats:
        if [each.suffix for each in chosen] != [output.suffix]:
            ending = formats[output.suffix].key
            raise SettingsError(
                f"--format {','.join(names)}: the ending of {output} is that of {ending}; give "
                "--output without an ending, or a folder"
            )
        return [(chosen[0], output)]
    if len(chosen) == 1 and chosen[0].is_folder:
        return [(chosen[0], output)]
    base = output / stem if os.path.isdir(output) else output
    return [(each, base.with_name(base.name + each.suffix)) for each in chosen]


def quantize(chosen: Format, how: Quantization) -> Format:
    """`chosen` with fewer bits, and with the tolerance that they need.

    Raises: SettingsError if the format has no such quantisation.
    """
    check_quantization(chosen, how.name)
    if chosen.quantized is None:
        raise ValueError(f"expected a writer of quantised {chosen.name} files, got none")
    bound = chosen.quantizations[how.name]
    return replace(chosen, write=chosen.quantized(how), tolerance=bound.most, tolerant=bound.share)


def check_quantization(chosen: Format, name: str) -> None:
    """Raise SettingsError if files of the format cannot be quantised by `name`."""
    if name in chosen.quantizations:
        return
    names = dict.fromkeys(name for each in FORMATS.values() for name in each.quantizations)
    if name not in names:
        raise SettingsError(f"--quantize must be one of {', '.join(names)}, got {name!r}")
    able = [each.key for each in FORMATS.values() if name in each.quantizations]
    raise SettingsError(
        f"--quantize {name}: autocnn does not quantise {chosen.name} files; it is for --format "
        f"{' or '.join(able)}"
    )
