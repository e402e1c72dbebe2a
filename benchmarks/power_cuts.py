"""Cuts the power of a study again and again, and counts what that cost: nothing but time.

    python benchmarks/power_cuts.py --cuts 200

Unlike a kill, a power cut also loses what was written and not flushed: power_cut_disk.py draws a
state in which the disk may be then. The trainings are scripted, all else is a real search of a few
trials that is continued with more once it has finished. After each cut, which may come while the
study recovers from the last one, every trial that had ended must be on record as it was. At its end
the study must have the trials, the leaderboard and the weights of one that was never cut; only a
trial whose score reached the disk, and the decision to prune it not, may be trained to its end.
Leaves with exit code 1 otherwise.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, field, fields
from pathlib import Path

from power_cut_disk import PowerCutDisk
from power_cut_study import SPACE, TRIALS, Ended, Memory, live, scripted
from rich.console import Console
from rich.table import Table

import autocnn.api as api
from autocnn.errors import AutocnnError, RecordError, StudyError
from autocnn.leaderboard.file import current_leaderboard
from autocnn.leaderboard.ranking import rank_trials
from autocnn.nn.weights import load_weights
from autocnn.objectives import ACCURACY
from autocnn.records.artefacts import KEY, hash_artefacts
from autocnn.records.finals_file import read_finals
from autocnn.records.manifest import read_manifest
from autocnn.records.open_study import open_folder
from autocnn.records.study_folder import StudyPaths
from autocnn.records.trial_record import TrialRecord
from autocnn.study.session import KEPT_WEIGHTS
from autocnn.trial import TrialState

LIVES = 10  # of one study, before it is left in peace


@dataclass(slots=True)
class Outcome:
    """What the cuts cost."""

    cuts: int = 0
    studies: int = 0
    trials: int = 0  # that the studies ended
    judged_anew: int = 0  # trials of which the cut lost the decision to prune them
    lost: list[str] = field(default_factory=list)  # trials that had ended, or their weights
    twice: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)  # whatever else is not as without cuts

    def __iadd__(self, other: Outcome) -> Outcome:
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))
        return self


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cuts", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    start = time.monotonic()
    outcome = cut_studies(options.cuts, options.seed)
    report(outcome, time.monotonic() - start)
    sys.exit(1 if outcome.lost or outcome.twice or outcome.wrong else 0)


def cut_studies(cuts: int, seed: int) -> Outcome:
    """Begin studies and cut their power, until there were so many cuts."""
    outcome = Outcome()
    with tempfile.TemporaryDirectory(prefix="autocnn-cuts-") as place, scripted():
        (Path(place) / "space.toml").write_text(SPACE, "utf-8")
        calm = Path(place) / "calm"
        disk = PowerCutDisk(calm, random.Random(seed))
        calm.mkdir()
        with disk.watching():
            live(calm, Memory())
        expected = {record.number: told(record) for record in read_records(calm)}
        while outcome.cuts < cuts:
            folder = Path(place) / f"study-{outcome.studies}"
            rng = random.Random(f"{seed}/{outcome.studies}")
            left = min(LIVES, cuts - outcome.cuts)
            outcome += torment(folder, rng, left, disk.n_events, expected)
            shutil.rmtree(folder)
    return outcome


def torment(
    folder: Path, rng: random.Random, cuts: int, n_events: int, expected: dict[int, Ended]
) -> Outcome:
    """Cut the power of one study a few times, then let it end; a calm one has `n_events`."""
    folder.mkdir()
    outcome, memory = Outcome(studies=1), Memory()
    try:
        for _ in range(cuts):
            disk = PowerCutDisk(folder, rng, cut_at=rng.randrange(n_events // 3))
            with disk.watching():
                live(folder, memory)
            if not disk.is_cut:
                break
            disk.restore()
            outcome.cuts += 1
            check_cut(folder, memory, outcome)
        live(folder, memory)
        check_end(folder, expected, outcome)
    except AutocnnError as error:
        outcome.wrong.append(f"{folder.name}, after {outcome.cuts} cuts: {error}")
    return outcome


# --- checks ---


def read_records(folder: Path) -> list[TrialRecord]:
    """The trials on record; none if there is no study yet."""
    try:
        return list(api.load_study(folder / "results", "cuts").records)
    except StudyError:
        return []


def told(record: TrialRecord) -> Ended:
    """A trial on record, in the form of `Memory`."""
    scores = () if record.result is None else tuple(epoch.score for epoch in record.result.curve)
    return record.config, record.seed, record.state, scores


def _short(trial: Ended | None) -> str:
    if trial is None:
        return "missing"
    config, seed, state, scores = trial
    return f"{config.blocks[0].filters}, seed {seed}, {state}, scores {scores}"


def check_cut(folder: Path, memory: Memory, outcome: Outcome) -> None:
    """What had ended must be on record as it was, and a manifest must be true."""
    where = f"{folder.name}, cut {outcome.cuts}"
    try:
        found = {record.number: told(record) for record in read_records(folder)}
        paths = StudyPaths(folder / "results" / "cuts")
        if paths.manifest.exists():
            check_manifest(paths, f"{where}: ", outcome)
    except AutocnnError as error:
        if memory.ended:  # else a study that was just being made
            outcome.wrong.append(f"{where}: {error}")
        return
    for number, trial in memory.ended.items():
        if found.get(number) != trial:
            now = _short(found.get(number))
            outcome.lost.append(f"{where}: trial {number} was {_short(trial)} and is now {now}")


def check_end(folder: Path, expected: dict[int, Ended], outcome: Outcome) -> None:
    """The study must be as one that was never cut."""
    paths, where = StudyPaths(folder / "results" / "cuts"), f"{folder.name}: "
    records = read_records(folder)
    found = {record.number: told(record) for record in records}
    outcome.trials += len(found)
    seeds = [record.seed for record in records]
    outcome.twice += [f"{where}seed {seed}" for seed in set(seeds) if seeds.count(seed) > 1]
    if len(found) > max(TRIALS):
        outcome.twice.append(f"{where}{len(found)} trials in place of {max(TRIALS)}")
    for number in sorted(expected.keys() | found.keys()):
        trial, calm = found.get(number), expected.get(number)
        if trial == calm:
            continue
        if trial is not None and calm is not None and _is_judged_anew(trial, calm):
            outcome.judged_anew += 1
        else:
            outcome.wrong.append(f"{where}trial {number} is {_short(trial)}, not {_short(calm)}")
    board = current_leaderboard(open_folder(paths.root))
    rows = [] if board is None else board.read(["trial", "state", "score"]).to_pylist()
    shown = {row["trial"]: (row["state"], row["score"]) for row in rows}
    if shown != {record.number: (record.state, record.score) for record in records}:
        outcome.wrong.append(f"{where}the leaderboard is not that of the record")
    complete = [record for record in records if record.state is TrialState.COMPLETE]
    for record in rank_trials(complete, ACCURACY)[:KEPT_WEIGHTS]:
        check_weights(paths, record.number, where, outcome)
    check_manifest(paths, where, outcome)


def _is_judged_anew(trial: Ended, calm: Ended) -> bool:
    """True if it was pruned in place of going on, or went on in place of being pruned.

    The cut came after its score was on record, and before it was on record that it is pruned.
    """
    n = min(len(trial[3]), len(calm[3]))
    return (
        trial[:2] == calm[:2]
        and TrialState.PRUNED in (trial[2], calm[2])
        and (trial[3][:n] == calm[3][:n])
    )


def check_weights(paths: StudyPaths, number: int, where: str, outcome: Outcome) -> None:
    """The weights must be those of the trial."""
    try:
        weights = [array.tolist() for array in load_weights(paths.weights(number))]
    except RecordError as error:
        outcome.lost.append(f"{where}{error}")
        return
    if weights != [[number]]:
        outcome.wrong.append(f"{where}the weights of trial {number} are {weights}")


def check_manifest(paths: StudyPaths, where: str, outcome: Outcome) -> None:
    """The manifest must be there, with the hashes of the files and finals of the best trial."""
    finals = read_finals(paths)
    if finals is None:
        outcome.wrong.append(f"{where}a manifest without finals")
    if not read_manifest(paths.manifest)[KEY].items() <= hash_artefacts(paths).items():
        outcome.wrong.append(f"{where}the manifest has the hashes of other files")


def report(outcome: Outcome, seconds: float) -> None:
    """Print the table, and what was lost."""
    table = Table(
        "power cuts", "studies", "trials", "judged anew", "lost", "twice", "otherwise wrong", "s"
    )
    cells = (outcome.cuts, outcome.studies, outcome.trials, outcome.judged_anew)
    faults = (outcome.lost, outcome.twice, outcome.wrong)
    table.add_row(*map(str, cells), *(str(len(each)) for each in faults), f"{seconds:.0f}")
    Console().print(table)
    for lines in faults:
        print(*lines, sep="\n", end="\n" if lines else "")


if __name__ == "__main__":
    main()
