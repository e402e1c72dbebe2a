"""Studies on disk: reading them, listing them, deleting one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from autocnn.errors import RecordError, SettingsError, StudyError
from autocnn.leaderboard.file import record_bytes
from autocnn.leaderboard.kept_trials import is_kept_alone, read_kept_facts, read_kept_trials
from autocnn.leaderboard.lost_trials import read_whole
from autocnn.leaderboard.merged import StudyImages, check_comparable
from autocnn.leaderboard.ranking import rank_trials
from autocnn.leaderboard.studies import latest_study
from autocnn.leaderboard.table import build_leaderboard, read_leaderboard
from autocnn.objectives import ACCURACY, Objective
from autocnn.records.facts import Facts
from autocnn.records.finals_file import Confusion, Finals, read_confusion, read_finals
from autocnn.records.open_study import OpenStudy, find_study
from autocnn.records.setting import is_study_name
from autocnn.records.study_folder import StudyPaths
from autocnn.records.trial_record import TrialRecord
from autocnn.records.trusted import remember_named
from autocnn.space.layers import Network, plan_network
from autocnn.space.space import SearchSpace

MOST_NAMED = 20  # trials in an error


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyView:
    """A study on disk and its trials, as they were when the study was read."""

    study: OpenStudy
    space: SearchSpace
    facts: Facts | None  # None: the study has only been created
    records: list[TrialRecord]  # in rank order
    objective: Objective = ACCURACY
    record_bytes: int | None = None  # size of the journal before the trials were read
    is_kept_alone: bool = False  # only the leaderboard is left; there is no record to go on with

    @property
    def paths(self) -> StudyPaths:
        """Where the files of the study lie."""
        return self.study.paths

    @property
    def leaderboard(self) -> pa.Table:
        """The leaderboard: the file, or a new table if trials have ended since it was written.

        Raises: RecordError if the file is damaged.
        """
        table = read_leaderboard(self.paths.leaderboard)
        states = Counter(str(record.state) for record in self.records)
        if Counter(table["state"].to_pylist()) == states:
            return table
        return build_leaderboard(
            self.records, self.space, self.objective, self.study.settings.costs
        )

    @property
    def finals(self) -> Finals | None:
        """What the finals measured, or None if the study has no finals.

        Raises: RecordError if their file cannot be read or has another form.
        """
        return read_finals(self.paths)

    @property
    def known_facts(self) -> Facts:
        """The facts of a study that has begun.

        Raises: StudyError if it has not.
        """
        if self.facts is None and self.is_kept_alone:
            raise StudyError(
                f"study {self.paths.name}: only its leaderboard was kept, without the shape of its "
                f"images: `autocnn leaderboard {self.paths.name}` shows that"
            )
        if self.facts is None:
            raise StudyError(
                f"study {self.paths.name} has not begun yet; `autocnn resume {self.paths.name}` "
                "goes on"
            )
        return self.facts

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of the images."""
        return self.known_facts.image_shape

    def network(self, record: TrialRecord) -> Network:
        """The layers of a trial."""
        return plan_network(record.config, self.image_shape, self.known_facts.n_classes)

    def trial(self, number: int | None = None) -> TrialRecord:
        """Trial `number`, or the winner: that of the finals, or the best trial if it is a new one.

        Raises: StudyError if there is no such trial.
        """
        if number is None and self.records:
            number = self._number_of_winner()
        for record in self.records:
            if record.number == number:
                return record
        if not self.records:
            name = self.paths.name
            raise StudyError(
                f"study {name} has no trial yet; `autocnn resume {name}` goes on with it"
            )
        numbers = sorted(record.number for record in self.records)
        known = ", ".join(map(str, numbers))
        if len(numbers) > MOST_NAMED:
            known = f"{len(numbers)}, numbered {numbers[0]} to {numbers[-1]}"
        raise StudyError(f"study {self.paths.name} has no trial {number}; its trials: {known}")

    def _number_of_winner(self) -> int:
        best = self.records[0].number
        try:
            finals = self.finals
        except RecordError:  # the trials can be read without them
            return best
        return finals.winner if finals is not None and finals.includes(best) else best


def load_study(
    results: Path | str = "results", name: str | None = None, storage: str | None = None
) -> StudyView:
    """The study `name` below `results`, or the latest one that has something to show.

    `storage` is the URL of its database, if it needs a password, which study.toml does not keep.
    Raises: StudyError if there is none; RecordError if its record cannot be read.
    """
    study = choose_study(Path(results), name)
    return read_study(study if storage is None else replace(study, given_storage=storage))


def trust_studies(results: Path | str = "results", names: Sequence[str] = ()) -> None:
    """Put the databases of the studies, or of the latest one, on the list of those of the user.

    Raises: StudyError if there is no such study; RecordError if the list cannot be written.
    """
    wanted: Sequence[str | None] = names or [None]
    for name in wanted:
        storage = choose_study(Path(results), name).settings.storage
        if storage is not None:
            remember_named(storage)


def read_study(study: OpenStudy) -> StudyView:
    """The trials, space and facts of the study, read now.

    If only the leaderboard of the study was kept, they are read from it.
    Raises: StudyError if nothing is on record; RecordError if a file cannot be read.
    """
    objective = study.settings.scoring
    if is_kept_alone(study):
        return StudyView(
            study=study,
            objective=objective,
            space=study.space,
            facts=read_kept_facts(study),
            records=rank_trials(read_kept_trials(study), objective),
            is_kept_alone=True,
        )
    facts = study.facts
    n_bytes = record_bytes(study.paths.journal)
    return StudyView(
        study=study,
        objective=objective,
        space=study.space,
        facts=facts,
        records=rank_trials(read_whole(study.paths, study.read_trials), objective),
        record_bytes=n_bytes,
    )


def choose_study(results: Path, name: str | None = None) -> OpenStudy:
    """The study `name`, or the latest one that has something to show: a trial with an epoch.

    Raises: StudyError if there is none; RecordError if the folder cannot be read.
    """
    return latest_study(results) if name is None else find_study(results, name)


def load_studies(results: Path | str = "results", names: Sequence[str] = ()) -> list[StudyView]:
    """The studies `names`, whose trials may be ranked together; without a name the latest one.

    Raises: SettingsError if a name is given twice, or if images, splits or objectives differ;
    StudyError and RecordError as `load_study`.
    """
    twice = [name for i, name in enumerate(names) if name in names[:i]]
    if twice:
        raise SettingsError(f"study {twice[0]} is named twice; name each study once")
    views = [load_study(results, name) for name in names] or [load_study(results)]
    if len(views) > 1:
        check_comparable([_data_of(view) for view in views])
    return views


def _data_of(view: StudyView) -> StudyImages:
    """The images and the objective that a score of the study is about."""
    facts = view.facts
    has_number = facts is not None and facts.n_validation > 0  # older records lack it
    validation = (facts.n_validation, facts.folds) if facts and has_number else None
    return StudyImages(
        study=view.paths.name,
        dataset=view.study.settings.dataset,
        fingerprint=None if view.facts is None else view.facts.fingerprint,
        split_seed=view.study.settings.split_seed,
        objective=view.study.settings.scoring.name,
        validation=validation,
    )


def study_or_trial(results: Path, study: str | None) -> tuple[str | None, int | None]:
    """The study or the trial that one word of the command line names.

    A number names a trial of the latest study, unless a study has that name.
    Returns: the study's name, None for the latest study; the trial's number, None if not given.
    """
    if study is None or not study.isdecimal() or not is_study_name(study):
        return study, None
    if StudyPaths(results / study).exists:
        return study, None
    return None, int(study)


def confusion_of(view: StudyView) -> Confusion:
    """How the study's shipped model classified the test images.

    Raises: StudyError before the finals; RecordError if the file cannot be read.
    """
    name = view.paths.name
    if view.study.is_plan:
        raise StudyError(f"study {name} is no search: nothing was shipped by it")
    if view.finals is None:
        raise StudyError(f"study {name} has no finals yet; `autocnn resume {name}` goes on")
    return read_confusion(view.paths.confusion)


def is_winner(view: StudyView, number: int) -> bool:
    """True if the finals tested trial `number`."""
    finals = view.finals
    return finals is not None and finals.winner == number
