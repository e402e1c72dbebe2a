"""The manifest, which is written last."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from autocnn.errors import RecordError, StudyError
from autocnn.records.manifest import read_manifest, write_manifest


def test_a_manifest_survives_its_file(tmp_path):
    """Nested data are read back; NaN becomes null and a path becomes a string."""
    path = tmp_path / "manifest.json"
    write_manifest(path, {"scores": {"test": 0.1 + 0.2, "gap": math.nan}, "folder": Path("a/b")})
    assert read_manifest(path) == {"scores": {"test": 0.1 + 0.2, "gap": None}, "folder": "a/b"}
    assert path.read_text().endswith("}\n")


def test_no_manifest_means_not_finished(tmp_path):
    """The error names the command that finishes the study."""
    with pytest.raises(StudyError, match=f"no manifest; `autocnn search --study {tmp_path.name}`"):
        read_manifest(tmp_path / "manifest.json")


@pytest.mark.parametrize("content", [b'{"scores": ', b"[1]", b"\xff"])
def test_a_damaged_manifest_is_one_clear_line(tmp_path, content):
    """A truncated or foreign file is an error of records."""
    (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(RecordError, match=r"manifest\.json: ") as raised:
        read_manifest(tmp_path / "manifest.json")
    assert "\n" not in str(raised.value)


def test_the_manifest_is_plain_json(tmp_path):
    """The manifest is plain JSON, which any tool can read."""
    write_manifest(tmp_path / "m.json", {"classes": ["Ä"]})
    assert json.loads((tmp_path / "m.json").read_text("utf-8")) == {"classes": ["Ä"]}
