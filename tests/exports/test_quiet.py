"""What libraries say about a file, as one line."""

from __future__ import annotations

import pytest

from autocnn.exports.quiet import reason_of


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("two\nlines", "two lines"),
        ("\x1b[1mInput 0\x1b[0m is wrong", "Input 0 is wrong"),
        ("[ONNXRuntimeError] : 2 : INVALID_ARGUMENT : Got 8", "Got 8"),
        (
            "Exception from src/a.cpp:132:\nException from src/b.cpp:59:\n"
            "Check 'x(a, b)' failed at src/c.cpp:887:\nIncorrect weights in bin file!",
            "Incorrect weights in bin file!",
        ),
        ("a" * 300, "a" * 200),
        ("", "ValueError"),
    ],
)
def test_a_reason_is_one_short_line(text, reason):
    """Without colours, and without the places in a library's source."""
    assert reason_of(ValueError(text)) == reason
