"""A picture as a file: PNG, SVG, or a page of HTML that holds it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

from autocnn.files import write_atomic


def write_picture(draw: Callable[[str], bytes], title: str, target: Path) -> None:
    """Write the picture to `target` in the format of its ending: .png, .svg or .html.

    `draw` makes the bytes of a "png" or "svg" file.
    Raises: RecordError if the file cannot be written.
    """
    ending = target.suffix.lower().removeprefix(".")
    content = _page(draw("svg"), title) if ending == "html" else draw(ending)
    write_atomic(target, content)


def _page(svg: bytes, title: str) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("autocnn.report"), autoescape=True, undefined=StrictUndefined
    )
    data = base64.b64encode(svg).decode("ascii")
    return environment.get_template("picture.html").render(title=title, data=data)
