"""A progress bar on a terminal while images are decoded, and no output elsewhere."""

from __future__ import annotations

import io

import pytest

from autocnn.terminal.reading_bar import open_reading_bar


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        """True."""
        return True


@pytest.fixture(autouse=True)
def _a_terminal_like_any_other(monkeypatch):
    """Use a fixed terminal instead of the user's."""
    monkeypatch.setenv("TERM", "xterm")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("quiet", "stream"), [(True, Terminal()), (False, io.StringIO()), (True, io.StringIO())]
)
def test_a_stream_that_is_no_terminal_has_no_bar(quiet, stream):
    """Nothing is written to a file."""
    with open_reading_bar(quiet=quiet, stream=stream) as on_read:
        assert on_read is None
    assert stream.getvalue() == ""


def test_a_terminal_shows_each_pass():
    """The bar has the name of the pass, and how many images of how many."""
    stream = Terminal()
    with open_reading_bar(quiet=False, stream=stream) as on_read:
        on_read("looking at images", 16, 20)
        on_read("looking at images", 20, 20)
        on_read("decoding images", 20, 20)
    assert "looking at images" in stream.getvalue()
    assert "decoding images" in stream.getvalue()
    assert "20/20" in stream.getvalue()


def test_images_out_of_the_cache_show_no_bar():
    """Images from the cache report no progress."""
    stream = Terminal()
    with open_reading_bar(quiet=False, stream=stream):
        pass
    assert stream.getvalue() == ""
