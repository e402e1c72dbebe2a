"""Small tables of HTML for notebooks: every text escaped, colours taken from the page around them.

No style sheet and no script: notebooks drop or isolate both, and a stored notebook stays as it was.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from autocnn.terminal.escaping import escape_controls

FAINT = "opacity:0.65"
_LINE = "1px solid color-mix(in srgb, currentColor 25%, transparent)"
_TABLE = "border-collapse:collapse;color:inherit;background:none;margin:0.4em 0;border:none"
_CELL = "padding:0.15em 0.7em;background:none;color:inherit;border:none;white-space:nowrap"
_BOX = "color:inherit;font-family:inherit;font-size:0.95em;overflow-x:auto"


def escape(text: object) -> str:
    """`text` as it can stand between tags and in quotation marks."""
    return html.escape(escape_controls(str(text)), quote=True)


def box(*parts: str) -> str:
    """The parts one below the other."""
    return f'<div class="autocnn" style="{_BOX}">{"".join(parts)}</div>'


def line(text: object, *, style: str = "") -> str:
    """A line of text."""
    return f'<div style="margin:0.2em 0;{style}">{escape(text)}</div>'


def table(
    titles: Sequence[str],
    rows: Iterable[Sequence[object]],
    left: Sequence[str] = (),
    styles: Sequence[str] = (),
) -> str:
    """A table with a head; the columns titled `left` stand on the left, numbers on the right.

    `styles` has the style of each row, if there are any.
    """
    sides = ["left" if title in left else "right" for title in titles]
    head = "".join(
        f'<th style="{_CELL};text-align:{side};border-bottom:{_LINE}">{escape(title)}</th>'
        for title, side in zip(titles, sides, strict=True)
    )
    body = ""
    for i, row in enumerate(rows):
        cells = "".join(
            f'<td style="{_CELL};text-align:{side}">{escape(cell)}</td>'
            for cell, side in zip(row, sides, strict=True)
        )
        style = styles[i] if i < len(styles) else ""
        body += f'<tr style="background:none;{style}">{cells}</tr>'
    return f'<table style="{_TABLE}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def bar(label: str, done: int, total: int, text: str = "") -> str:
    """A bar with a label before it, and a text after it."""
    share = 100 * min(1.0, done / max(1, total))
    track = (
        "display:inline-block;width:12em;height:0.55em;border-radius:0.3em;overflow:hidden;"
        "vertical-align:middle;margin:0 0.7em;"
        "background:color-mix(in srgb, currentColor 18%, transparent)"
    )
    fill = f"display:block;height:100%;width:{share:.1f}%;background:currentColor;opacity:0.7"
    return (
        f'<div style="margin:0.2em 0"><span style="display:inline-block;min-width:4.5em">'
        f'{escape(label)}</span><span style="{track}"><span style="{fill}"></span></span>'
        f"{escape(text)}</div>"
    )
