"""Every path below `results/<study>/`, and claiming that folder for a study."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from autocnn.errors import RecordError, SettingsError, StudyError
from autocnn.files import make_folder
from autocnn.input_files import read_text
from autocnn.records.setting import is_study_name
from autocnn.trial import CHECKPOINT_FILE, WEIGHTS_FILE

LOCK_FILE = ".lock"
JOINED_FILE = ".joined"
JOURNAL_LOCK = "journal.log.lock"  # Optuna's, while it writes; longer, while it ends that
TRIES, PAUSE_S = 10, 0.1  # while another program deletes the folder


@dataclass(frozen=True, slots=True)
class StudyPaths:
    """The paths of all files of one study."""

    root: Path

    @property
    def name(self) -> str:
        """The study's name, which is its folder's."""
        return self.root.name

    @property
    def exists(self) -> bool:
        """True if the folder holds a study."""
        return os.path.isfile(self.study_toml)

    @property
    def study_toml(self) -> Path:
        """The resolved settings."""
        return self.root / "study.toml"

    @property
    def space_toml(self) -> Path:
        """The text of the search space."""
        return self.root / "space.toml"

    @property
    def split(self) -> Path:
        """The indices of the frozen train/validation split."""
        return self.root / "split.npz"

    @property
    def journal(self) -> Path:
        """Optuna's journal: the record of all trials."""
        return self.root / "journal.log"

    @property
    def leaderboard(self) -> Path:
        """The ranked trials as one Parquet file."""
        return self.root / "leaderboard.parquet"

    @property
    def manifest(self) -> Path:
        """Everything that decided the result; the file exists only if the study is finished."""
        return self.root / "manifest.json"

    @property
    def lock(self) -> Path:
        """The file that the process which writes to the study keeps locked."""
        return self.root / LOCK_FILE

    @property
    def owners(self) -> Path:
        """The folder of one locked file for each process that trains trials of a shared study."""
        return self.root / ".owners"

    @property
    def is_joined(self) -> bool:
        """True if the folder was fetched for a worker, which only trains there."""
        return os.path.isfile(self.joined)

    @property
    def joined(self) -> Path:
        """The file of a folder that was fetched from a database: only workers train here."""
        return self.root / JOINED_FILE

    @property
    def trials(self) -> Path:
        """The folder of the trials' folders."""
        return self.root / "trials"

    @property
    def finals(self) -> Path:
        """The folder of the finals."""
        return self.root / "finals"

    @property
    def winner(self) -> Path:
        """The shipped model."""
        return self.finals / "winner.keras"

    @property
    def validation(self) -> Path:
        """The winner with the weights of its trial, trained without the validation images."""
        return self.finals / "validation.keras"

    @property
    def refit(self) -> Path:
        """The folder of the refit's weights."""
        return self.finals / "refit"

    @property
    def finals_json(self) -> Path:
        """The measurements of the finals."""
        return self.finals / "finals.json"

    @property
    def retrainings_json(self) -> Path:
        """The retrainings of the finalists that have ended."""
        return self.finals / "retrainings.json"

    @property
    def confusion(self) -> Path:
        """The winner's confusion matrix."""
        return self.finals / "confusion.json"

    @property
    def costs(self) -> Path:
        """The folder of the costs, one file a run."""
        return self.root / "costs"

    def children(self) -> list[StudyPaths]:
        """The studies in this study's folder, such as its ablations, by name.

        A folder counts from the moment that a process has locked it for a study.
        """
        files = (
            f for name in (LOCK_FILE, self.study_toml.name) for f in self.root.glob(f"*/{name}")
        )
        return [StudyPaths(folder) for folder in sorted({file.parent for file in files})]

    def trial(self, number: int) -> Path:
        """The folder of trial `number`: weights, log."""
        return self.trials / f"{number:05d}"

    def weights(self, number: int) -> Path:
        """The weights of trial `number` in its best epoch; a pruned or failed trial has none."""
        return self.trial(number) / WEIGHTS_FILE

    def checkpoint(self, number: int) -> Path:
        """The state of training of trial `number`; it exists while the trial may be continued."""
        return self.trial(number) / CHECKPOINT_FILE

    def checkpoints(self) -> list[Path]:
        """The checkpoints of all trials that exist."""
        return list(self.trials.glob(f"*/{CHECKPOINT_FILE}"))


def claim_folder(results: Path, name: str) -> StudyPaths:
    """Make the folder `results/name` for a study, or accept the folder of an existing study.

    Raises: SettingsError if `name` is no plain folder name; RecordError if the folder holds
    something else or a link, or cannot be written.
    """
    if not is_study_name(name):
        raise SettingsError(f"--study must be a plain folder name, got {name!r}")
    paths = StudyPaths(results / name)
    _check_no_file(results)
    _check_no_file(paths.root)
    try:
        make_folder(paths.root)
    except OSError as error:
        raise _not_writable(paths.root, error.strerror or str(error)) from error
    check_place(paths)
    return paths


def check_place(paths: StudyPaths) -> None:
    """Raise RecordError if a study cannot be written to the folder, which may not exist yet.

    Nothing is made.
    """
    folders = (paths.root, *paths.root.parents)  # the last one is . or /
    nearest = next(folder for folder in folders if os.path.lexists(folder))
    _check_no_file(nearest)
    if nearest is paths.root:
        _refuse_something_else(paths)
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise _not_writable(nearest, "Permission denied")
    if nearest is paths.root:
        refuse_links(paths)


def _refuse_something_else(paths: StudyPaths) -> None:
    try:
        holds_something = any(not _is_leftover(path.name) for path in paths.root.iterdir())
        holds_study = paths.exists
    except OSError as error:
        raise _not_writable(paths.root, error.strerror or str(error)) from error
    if holds_something and not holds_study:
        raise RecordError(
            f"{paths.root}: holds something else than a study; choose another name or empty it"
        )


@contextmanager
def lost_folder(paths: StudyPaths) -> Iterator[None]:
    """A folder that is deleted or moved while the body runs becomes one line.

    Any other error stays what it is.
    Raises: RecordError.
    """
    try:
        yield
    except OSError as error:
        tries = TRIES if error.errno == errno.ENOENT else 1  # the last file may be gone later
        while paths.exists:
            tries -= 1
            if tries == 0:
                raise
            time.sleep(PAUSE_S)
        raise _is_lost(paths) from error


def refuse_lost(paths: StudyPaths) -> None:
    """Raise RecordError if the folder of a study that is in use was deleted or moved.

    What a process of the study wrote later may have made a folder without a study there.
    """
    if not paths.exists:
        raise _is_lost(paths)


def _is_lost(paths: StudyPaths) -> RecordError:
    return RecordError(
        f"{paths.root}: was deleted or moved while the study was in use, which ends here; put "
        "the folder back to go on, or start another study"
    )


def refuse_links(paths: StudyPaths) -> None:
    """Raise RecordError if something in the folder is a link, or neither file nor folder.

    What is written to the study would land outside of its folder. The lock of Optuna's journal is
    a link, which is not followed.
    """
    if paths.root.is_symlink() and StudyPaths(paths.root.parent).exists:  # a study in a study
        raise _is_link(paths.root)
    folders = [paths.root]
    while folders:
        with suppress(FileNotFoundError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(Path(entry.path))
                elif not _is_journal_lock(entry.name) and not entry.is_file(follow_symlinks=False):
                    raise _is_link(Path(entry.path))


def _is_journal_lock(name: str) -> bool:
    return name == JOURNAL_LOCK or (name.startswith(JOURNAL_LOCK) and name.endswith(".rename"))


def _is_link(path: Path) -> RecordError:
    return RecordError(
        f"{path}: is a link or a special file, through which nothing is written; put the file or "
        "folder itself there, or delete it"
    )


def _is_leftover(name: str) -> bool:
    """True for what a killed process may leave: a lock, and a file that it was about to write."""
    return name in (LOCK_FILE, JOINED_FILE) or (name.startswith(".") and name.endswith(".tmp"))


def _check_no_file(folder: Path) -> None:
    if os.path.lexists(folder) and not os.path.isdir(folder):
        raise RecordError(f"{folder}: is a file where a folder is needed; choose another place")


def _not_writable(folder: Path, reason: str) -> RecordError:
    return RecordError(
        f"{folder}: cannot be written ({reason}); choose a results folder that you may write to"
    )


def read_space_text(paths: StudyPaths) -> str:
    """The text of the space that the study was made with; RecordError if it cannot be read."""
    try:
        return read_text(paths.space_toml)
    except (OSError, UnicodeDecodeError) as error:
        raise RecordError(f"{paths.space_toml}: cannot be read as UTF-8 text: {error}") from None


def refuse_joined(paths: StudyPaths) -> None:
    """Raise StudyError if the folder was fetched: the search goes on where it was begun."""
    if paths.is_joined:
        raise StudyError(
            f"{paths.root}: was made by `autocnn worker`, which only trains; give the command "
            f"where the search of study {paths.name} was begun, or `autocnn worker {paths.name}`"
        )


def place_of(paths: StudyPaths) -> str:
    """The name of a fetched folder, the same for all processes that see it; "" for a search's."""
    try:
        return read_text(paths.joined).strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise RecordError(f"{paths.joined}: cannot be read ({error}); delete the folder") from error
