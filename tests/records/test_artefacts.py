"""A model or weights that are damaged are not handed out."""

from __future__ import annotations

import hashlib
from zipfile import ZipFile

import pytest

from autocnn.errors import RecordError
from autocnn.records.artefacts import check_artefact, hash_artefacts
from autocnn.records.manifest import write_manifest


@pytest.fixture
def winner(paths):
    """The shipped file: an archive with one member, whose bytes are stored as they are."""
    paths.finals.mkdir()
    with ZipFile(paths.winner, "w") as archive:
        archive.writestr("weights", "0123456789")
    return paths.winner


def damage(file):
    """Change one byte of the member."""
    file.write_bytes(file.read_bytes().replace(b"0123456789", b"0123456780"))


def test_the_manifest_has_models_and_weights(paths, winner):
    """The hashes stand under the paths below the study's folder."""
    paths.trial(7).mkdir(parents=True)
    paths.weights(7).write_bytes(b"w")
    assert hash_artefacts(paths) == {
        "finals/winner.keras": hashlib.sha256(winner.read_bytes()).hexdigest(),
        "trials/00007/best.npz": hashlib.sha256(b"w").hexdigest(),
    }


def test_a_file_that_differs_from_the_manifest_is_refused(paths, winner):
    """Any change counts, also one that leaves a valid archive."""
    write_manifest(paths.manifest, {"sha256": hash_artefacts(paths)})
    check_artefact(paths, winner)
    winner.write_bytes(winner.read_bytes() + b"x")
    with pytest.raises(RecordError, match=r"winner.keras: expected the SHA-256 .*, found .*: the"):
        check_artefact(paths, winner)


@pytest.mark.parametrize("manifest", [None, {}, {"sha256": {}}, {"sha256": 5}])
def test_without_a_hash_the_checksums_of_the_archive_count(paths, winner, manifest):
    """The study has no manifest before its end, and an older one has no hashes."""
    if manifest is not None:
        write_manifest(paths.manifest, manifest)
    check_artefact(paths, winner)
    damage(winner)
    with pytest.raises(RecordError, match=r"winner.keras: is damaged at 'weights'"):
        check_artefact(paths, winner)


@pytest.mark.parametrize("content", [b"", b"PK", b"no archive"])
def test_something_else_than_an_archive_is_refused(paths, winner, content):
    """The error is one line."""
    winner.write_bytes(content)
    with pytest.raises(RecordError, match=r"winner.keras: is damaged \(File is not a zip file\)"):
        check_artefact(paths, winner)


def test_weights_that_cannot_be_read_are_one_line(paths):
    """A folder lies in their place."""
    paths.weights(7).mkdir(parents=True)
    with pytest.raises(
        RecordError, match=r"best\.npz: cannot be read \(Is a directory\); put back"
    ):
        hash_artefacts(paths)
