"""Weights of a trial in the database: how they come from another machine to that of the search.

A worker without the search's folder puts the weights of a good trial on record before it ends the
trial. They lie in an Optuna study of their own, which no reading of the study returns, until the
search has them as a file.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
from collections.abc import Iterable

import optuna
from optuna.exceptions import DuplicatedStudyError
from optuna.trial import TrialState, create_trial

from autocnn.errors import RecordError
from autocnn.files import make_folder_in, write_atomic
from autocnn.records.optuna_private import storage_of
from autocnn.records.study_folder import StudyPaths

MOST_BYTES = 200 * 2**20  # of a file of weights; a database would take too long for more
_HASH, _CONTENT = "sha256", "weights"


def put_weights(study: optuna.Study, paths: StudyPaths, number: int) -> bool:
    """Put the weights of trial `number` on record; False if it has none, or too many."""
    file = paths.weights(number)
    if not file.is_file() or file.stat().st_size > MOST_BYTES:
        return False
    content = file.read_bytes()
    drop_weights(study, number)  # those of a process that died before it ended the trial
    try:
        place = optuna.create_study(study_name=_name(study, number), storage=storage_of(study))
    except DuplicatedStudyError:  # two processes trained the trial: either file will do
        return True
    attrs = {
        _HASH: hashlib.sha256(content).hexdigest(),
        _CONTENT: base64.b64encode(content).decode("ascii"),
    }
    place.add_trial(create_trial(state=TrialState.FAIL, user_attrs=attrs))
    return True


def fetch_weights(study: optuna.Study, paths: StudyPaths, numbers: Iterable[int]) -> list[int]:
    """Write the weights that are on record and no file here; returns the trials without either.

    Raises: RecordError if the weights on record are damaged.
    """
    missing = []
    for number in numbers:
        if paths.weights(number).is_file():
            continue
        content = _read(study, number)
        if content is None:
            missing.append(number)
            continue
        make_folder_in(paths.root, paths.trial(number))
        write_atomic(paths.weights(number), content)
        drop_weights(study, number)
    return missing


def drop_weights(study: optuna.Study, number: int) -> None:
    """Delete the weights of trial `number` from the record, if they are there."""
    with contextlib.suppress(KeyError):
        optuna.delete_study(study_name=_name(study, number), storage=storage_of(study))


def _read(study: optuna.Study, number: int) -> bytes | None:
    try:
        place = optuna.load_study(study_name=_name(study, number), storage=storage_of(study))
    except KeyError:
        return None
    trials = place.get_trials(deepcopy=False)
    if not trials:  # its process died before the content was written
        return None
    attrs = trials[0].user_attrs
    content = base64.b64decode(str(attrs.get(_CONTENT, "")), validate=True)
    if hashlib.sha256(content).hexdigest() != attrs.get(_HASH):
        raise RecordError(f"study {_name(study, number)}: the weights on record are damaged")
    return content


def _name(study: optuna.Study, number: int) -> str:
    return f"{study.study_name} (weights of trial {number})"
