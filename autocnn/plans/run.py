"""A study whose trainings are planned: the common part of an ablation and a comparison."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from autocnn.errors import StudyError
from autocnn.files import disk_errors, write_atomic
from autocnn.records.choices import PLAN
from autocnn.records.open_study import open_folder
from autocnn.records.study_folder import StudyPaths
from autocnn.records.study_settings import StudySettings
from autocnn.space.plan import VARIANT, plan_space
from autocnn.space.space import SearchSpace
from autocnn.study.folder import study_folder
from autocnn.study.open_session import open_session
from autocnn.study.session import Mode, Session
from autocnn.study.tally import last_progress
from autocnn.trial import Listener


def plan_settings(n_trials: int, **given: Any) -> StudySettings:
    """The settings of a study of `n_trials` planned trials; `given` are its other settings."""
    return StudySettings(
        **given,
        engine=PLAN,
        pruner="none",
        recipes=False,
        trials=n_trials,
        max_consecutive_failures=max(10, n_trials),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )


@contextmanager
def trained_plan(
    settings: StudySettings,
    stated: SearchSpace,
    mode: Mode,
    listener: Listener,
    interrupted: Callable[[], bool],
) -> Iterator[Session]:
    """Train the part of the mode's plan that is not on record, and yield the open session.

    `stated` is the space that the study's folder keeps. Keras must be loaded.

    Raises: StudyError if a planned name is on record with another configuration.
    """
    root = StudyPaths(Path(settings.results) / settings.study).root
    earlier = open_folder(root)
    if earlier.exists:  # a plan grows, and stays the study that it was
        settings = replace(settings, created=earlier.stored.get("created") or settings.created)
    space = plan_space(mode.plan)
    with (
        disk_errors(root, "the same command goes on"),
        study_folder(settings, stated) as paths,
        open_session(settings, paths, space, listener, None, mode) as session,
    ):
        _refuse_other_configs(session)
        session.search(listener, interrupted)
        session.record()
        yield session
        phase = "interrupted" if interrupted() else "finished"
        ended = last_progress(phase, session.records(), session.objective)
    listener.progress(ended)


def _refuse_other_configs(session: Session) -> None:
    """Raise StudyError if a name of the plan is on record with another configuration."""
    planned = {each.variant: each.config for each in session.mode.plan}
    for record in session.records():
        name = str(record.values[VARIANT])
        if name in planned and planned[name] != record.config:
            root = session.paths.root
            raise StudyError(
                f"{root}: holds trainings of another network called {name}; "
                f"`autocnn studies --results {root.parent} clean {root.name}` deletes them"
            )


def write_report(folder: Path, name: str, table: pa.Table, page: str) -> None:
    """Write the files `name`.parquet, with the table, and `name`.md, with the Markdown `page`."""
    write_atomic(folder / f"{name}.parquet", lambda file: pq.write_table(table, file))
    write_atomic(folder / f"{name}.md", page)
