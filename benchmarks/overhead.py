"""What does autocnn itself cost around a trial? Trials that train nothing.

    python benchmarks/overhead.py --sizes 100 1000 10000
    python benchmarks/overhead.py --study results/STUDY

For each size a study of made-up trials is written. Fresh processes open a copy of it and run
`--trials` more in `Session.search`: engine, record, leaderboard and loop are autocnn's own, and
only the worker is not. It says made-up epochs at once, in this process, so the start of a worker,
the pipe to it and the images are left out. Per trial, as the mean of all but the first, which also
loads modules:

- ask: `Engine.ask` draws the values, infeasible ones too, and writes the proposal;
- record: `Engine.report` for every epoch and `Engine.tell`;
- leaderboard: `Session.record` reads and ranks all trials and writes the file;
- the rest: looking for checkpoints, counting, the loop itself.

A resume is measured from claiming the study's folder to the first ask, with all modules loaded.
Leaves with exit code 1 where it takes longer than `--limit` in a study of 1,000 trials.

`--study` tells of a real, finished search which part of its time was not its trials' own. A trial's
seconds go from building the network in the worker to its last epoch; waiting there until a report
is on record is within them. The search lasts, by the record, from the start of its first trial to
the end of its last one: the manifest knows its time only together with start and finals.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from made_up import make_study
from measuring import alternate, describe_machine, median_and_spread, watch_load
from optuna.storages.journal import JournalFileBackend
from rich.console import Console
from rich.table import Table

import autocnn.api as api
from autocnn.api.search_study import SilentListener
from autocnn.keras_startup import load_keras
from autocnn.records.choices import SAMPLERS
from autocnn.records.manifest import read_manifest
from autocnn.records.optuna_record import n_infeasible, open_study, silence_optuna
from autocnn.records.settings_file import read_settings
from autocnn.records.study_settings import StudySettings
from autocnn.space.toml import load_space
from autocnn.study.folder import study_folder
from autocnn.trial import Proposal, TrialResult

LIMITED = 1000  # trials of the study whose resume has a limit
PARTS = ("ask", "record", "leaderboard", "the rest", "a trial", "of it journal")
ALL = "resume"

Times = np.ndarray[Any, np.dtype[np.float64]]  # (2,): wall and CPU seconds


def main() -> None:
    """Measure every size and print the tables, or tell of one study."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1000, 10_000])
    parser.add_argument("--trials", type=int, default=30, help="that are measured")
    parser.add_argument("--rounds", type=int, default=3, help="fresh processes a size")
    parser.add_argument("--epochs", type=int, default=12, help="of a trial that is not pruned")
    parser.add_argument("--sampler", choices=SAMPLERS, default="tpe")
    parser.add_argument("--space", default="cnn")
    parser.add_argument("--limit", type=float, default=1.0, help="seconds of a resume")
    parser.add_argument("--folder", type=Path, help="where the studies are written")
    parser.add_argument("--study", type=Path, help="the folder of a finished study")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure is not None:
        print(json.dumps(measure(options.measure)))
    elif options.study is not None:
        print(describe_share(options.study))
    else:
        sys.exit(measure_sizes(options))


# --- in the process that measures ---


def now() -> Times:
    """Wall and CPU seconds of this process."""
    return np.array([time.perf_counter(), time.process_time()])


@dataclass(slots=True)
class Watch:
    """The time that was spent in some methods, calls from within included."""

    spent: defaultdict[str, Times] = field(default_factory=lambda: defaultdict(lambda: np.zeros(2)))
    calls: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    first: dict[str, tuple[Times, Times]] = field(default_factory=dict)  # call: start and end

    def clock(self, owner: Any, name: str) -> None:
        """Put a clock around a method."""
        label, plain = f"{owner.__name__}.{name}", getattr(owner, name)

        def timed(*args: Any, **named: Any) -> Any:
            start = now()
            answer = plain(*args, **named)
            end = now()
            self.first.setdefault(label, (start, end))
            self.spent[label] += end - start
            self.calls[label] += 1
            return answer

        setattr(owner, name, timed)


class Notes(SilentListener):
    """Starts to count when the first trial has ended, and knows when the last one did."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self.first: Times | None = None
        self.last = now()
        self.n_trials = self.n_epochs = 0

    def trial_finished(self, proposal: Proposal, result: TrialResult) -> None:
        """Count the trial."""
        self.last = now()
        if self.first is None:
            self.first = self.last
            self._watch.spent.clear()
            self._watch.calls.clear()
        else:
            self.n_trials += 1
            self.n_epochs += result.epochs


def measure(root: Path) -> dict[str, Any]:
    """Open the study at `root` as `autocnn search` does, and run the trials that it still lacks.

    Returns: wall and CPU milliseconds of each part of a trial, and of each step of the resume.
    """
    load_keras()
    silence_optuna()
    from null_training import null_session

    from autocnn.study.proposals import Proposals
    from autocnn.study.session import Session

    watch = Watch()
    for name in ("next", "report", "end"):
        watch.clock(Proposals, name)
    watch.clock(Session, "record")
    watch.clock(JournalFileBackend, "append_logs")
    given = {**read_settings(root / "study.toml"), "results": str(root.parent)}
    settings, notes = StudySettings(**given), Notes(watch)
    space = load_space(settings.space)
    marks = [("", now())]
    with study_folder(settings, space) as paths:
        marks.append(("claiming the folder", now()))
        study = open_study(paths)
        marks.append(("replaying the journal", now()))
        session = null_session(settings, paths, space, study)
        session.records()
        marks.append(("reading all trials", now()))
        session.search(notes, lambda: False)
        begun, ended = watch.first["Proposals.next"]
        marks += [("engine and tally", begun), ("(the first ask)", ended)]
        draws = n_infeasible(study)  # the made-up study has none
    return {**_per_trial(watch, notes), "resume": _steps(marks), "infeasible": draws}


def _per_trial(watch: Watch, notes: Notes) -> dict[str, Any]:
    assert notes.first is not None
    spent = watch.spent
    parts = {
        "ask": spent["Proposals.next"],
        "record": spent["Proposals.report"] + spent["Proposals.end"],
        "leaderboard": spent["Session.record"],
    }
    trial = notes.last - notes.first
    rest = trial - sum(parts.values())
    journal = spent["JournalFileBackend.append_logs"]
    parts |= {"the rest": rest, "a trial": trial, "of it journal": journal}
    found = {name: (1000 * times / notes.n_trials).tolist() for name, times in parts.items()}
    lines = watch.calls["JournalFileBackend.append_logs"] / notes.n_trials
    return {**found, "lines": lines, "epochs": notes.n_epochs / notes.n_trials}


def _steps(marks: list[tuple[str, Times]]) -> dict[str, list[float]]:
    """Wall and CPU milliseconds of each step; all but the last one, the first ask, are ALL."""
    steps = {name: time - before for (_, before), (name, time) in pairwise(marks)}
    steps = {ALL: marks[-2][1] - marks[0][1], **steps}
    return {name: (1000 * times).tolist() for name, times in steps.items()}


# --- in the process that prints ---


def measure_sizes(options: argparse.Namespace) -> int:
    """Write the studies, measure them in turn, print the tables; the exit code."""
    silence_optuna()
    console = Console(width=None if sys.stdout.isatty() else 200)
    console.print(describe_machine())
    with tempfile.TemporaryDirectory(prefix="autocnn-overhead-", dir=options.folder) as folder:
        studies = {n: _make(options, Path(folder), n) for n in options.sizes}
        sides: dict[str, Callable[[], Any]] = {str(n): partial(_run, s) for n, s in studies.items()}
        sizes = {n: (root / "journal.log").stat().st_size for n, root in studies.items()}
        with watch_load() as load:
            found = alternate(sides, options.rounds, lambda text: print(text, flush=True))
    console.print(trial_table(options, found))
    console.print(resume_table(found, sizes))
    if load.warning():
        console.print(load.warning())
    resumes = [run["resume"][ALL][0] / 1000 for run in found.get(str(LIMITED), [])]
    return int(bool(resumes) and statistics.median(resumes) > options.limit)


def _make(options: argparse.Namespace, folder: Path, n: int) -> Path:
    print(f"writing a study of {n:,} trials", flush=True)
    settings = StudySettings(
        study=f"n{n}",
        space=options.space,
        sampler=options.sampler,
        trials=n + options.trials + 1,
        epochs=options.epochs,
        results=str(folder),
        created="2026-01-01T00:00:00+00:00",
    )
    return make_study(settings, n, options.epochs).root


def _run(root: Path) -> dict[str, Any]:
    """What a process of its own finds with a copy of the study, which grows."""
    with tempfile.TemporaryDirectory(prefix="copy-", dir=root.parent) as folder:
        copy = shutil.copytree(root, Path(folder) / root.name)
        os.sync()  # else what is measured waits for it
        command = [sys.executable, __file__, "--measure", str(copy)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return dict(json.loads(done.stdout))


def _cell(times: list[list[float]]) -> str:
    wall, cpu = zip(*times, strict=True)
    return f"{median_and_spread(wall, 1)} / {statistics.median(cpu):.1f}"


def trial_table(options: argparse.Namespace, found: dict[str, list[Any]]) -> Table:
    """One row a size: what a trial costs."""
    title = f"ms a trial, wall / CPU: {options.sampler}, {options.trials} trials a process"
    table = Table("on record", *PARTS, "lines", "epochs", "infeasible", title=title)
    for n, runs in found.items():
        cells = [_cell([run[part] for run in runs]) for part in PARTS]
        lines, epochs = (statistics.mean(run[key] for run in runs) for key in ("lines", "epochs"))
        draws = statistics.mean(run["infeasible"] for run in runs) / (options.trials + 1)
        table.add_row(f"{int(n):,}", *cells, f"{lines:.0f}", f"{epochs:.1f}", f"{draws:.1f}")
    return table


def resume_table(found: dict[str, list[Any]], sizes: dict[int, int]) -> Table:
    """One row a size: what a resume costs before the first ask."""
    steps = list(next(iter(found.values()))[0]["resume"])
    table = Table("on record", "journal MiB", *steps, title="ms of a resume, wall / CPU")
    for n, runs in found.items():
        cells = [_cell([run["resume"][step] for run in runs]) for step in steps]
        table.add_row(f"{int(n):,}", f"{sizes[int(n)] / 2**20:.1f}", *cells)
    return table


def describe_share(folder: Path) -> str:
    """In one line: which part of a finished search was not its trials' own."""
    view = api.load_study(folder.absolute().parent, folder.absolute().name)
    outcome = read_manifest(view.paths.manifest)["outcome"]
    trials = [
        (record.started.timestamp(), record.finished.timestamp(), record.duration or 0.0)
        for record in view.records
        if record.started is not None and record.finished is not None
    ]
    starts, ends, seconds = zip(*trials, strict=True)
    at_once = max(sum(a <= start < b for a, b, _ in trials) for start in starts)
    took, own = max(ends) - min(starts), sum(seconds)
    wall = took * at_once
    share, each = 100 * (1 - own / wall), 1000 * (wall - own) / len(trials)
    paused = "; it was interrupted: pauses count" if took > outcome["seconds"] else ""
    return (
        f"{view.paths.name}: {len(trials)} trials, {at_once} at a time, took {own:.1f} s of "
        f"{wall:.1f} s; {share:.2f} % or {each:.0f} ms a trial was not theirs{paused}"
    )


if __name__ == "__main__":
    main()
