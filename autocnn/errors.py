"""Every error that autocnn raises on purpose.

```
AutocnnError                      shown as one line, without a traceback
├── SettingsError  (ValueError)   a wrong option or settings file              exit code 2
├── SpaceError     (ValueError)   a search space that cannot be read or used   exit code 2
├── DatasetError   (ValueError)   an unknown or unreadable data set            exit code 1 or 2
├── StudyError     (LookupError)  no such study, trial, or one that is in use  exit code 1
├── RecordError    (OSError)      a record on disk that cannot be read/written exit code 1
└── TrialFailed    (RuntimeError) one trial failed; the search goes on         never shown
Infeasible         (ValueError)   a configuration that no network can have; it is drawn again
TakenOver          (Exception)    another process trains this trial now; it is dropped here
Interrupted   (BaseException)     Ctrl-C ended the command at once                 exit code 130
```

Anything else that is raised is a bug and shows its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import ClassVar


class AutocnnError(Exception):
    """Root of the errors that are shown as one line."""

    exit_code: ClassVar[int] = 1


class SettingsError(AutocnnError, ValueError):
    """A wrong option, or a wrong value in a settings file."""

    exit_code = 2


class SpaceError(AutocnnError, ValueError):
    """A search space or configuration that cannot be read or used."""

    exit_code = 2


class DatasetError(AutocnnError, ValueError):
    """A data set that is unknown or cannot be read."""


class UnknownDatasetError(DatasetError):
    """No data set has this name."""

    exit_code = 2


class StudyError(AutocnnError, LookupError):
    """A study or trial that does not exist, or a study that cannot go on."""


class RecordError(AutocnnError, OSError):
    """A record on disk that cannot be read or written."""


class TrialFailed(AutocnnError, RuntimeError):
    """One trial failed for a known cause; the search goes on."""

    def __init__(self, cause: str, message: str) -> None:
        super().__init__(message)
        self.cause = cause


class Infeasible(ValueError):
    """A configuration that cannot be built, or that breaks the limits of its space."""


class TakenOver(Exception):
    """Another process of the study has taken a trial over, which this one trained until then."""


class Interrupted(BaseException):
    """Ctrl-C ended the command at once.

    It is no `KeyboardInterrupt`, which the command line's library turns into a silent exit, and no
    `Exception`, which libraries may catch while they are imported.
    """


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The words "did you mean 'X'?" if one of the known names is much like `name`, else nothing."""
    names = {each.lower(): each for each in known}
    similar = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.6)
    return f"did you mean {names[similar[0]]!r}? " if similar else ""
