"""The cost of the runs of a study."""

from __future__ import annotations

import shutil

import pytest

from autocnn.errors import RecordError
from autocnn.records.cost import CostMeter, MeteredListener, StudyCost, cpu_seconds, read_cost
from autocnn.records.study_folder import StudyPaths
from autocnn.trial import Progress


class Clock:
    """A clock that is set by hand."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        """The time in seconds."""
        return self.now


@pytest.fixture
def folder(tmp_path) -> StudyPaths:
    """The folder of a study without any recorded cost."""
    paths = StudyPaths(tmp_path)
    paths.study_toml.touch()
    return paths


def run(folder, seconds, cpu, **more):
    """One run of this many wall and CPU seconds."""
    clock, cpu_clock = Clock(100.0), Clock(7.0)
    meter = CostMeter(folder, None, clock=clock, cpu_clock=cpu_clock, **more)
    with meter.running():
        clock.now, cpu_clock.now = 100.0 + seconds, 7.0 + cpu


def test_a_new_study_has_cost_nothing(folder):
    """The cost is zero if there is no file yet."""
    assert read_cost(folder) == StudyCost()


def test_runs_add_up(folder):
    """Runs of 216 s and 8.75 s cost 224.75 s."""
    run(folder, 216.0, 66.0)
    run(folder, 8.75, 4.5)
    assert read_cost(folder) == StudyCost(seconds=224.75, cpu_seconds=70.5, runs=2)


def test_a_process_that_joined_adds_cpu_seconds_only(folder):
    """Only the search counts wall seconds; a worker that joined runs at the same time."""
    run(folder, 60.0, 30.0)
    run(folder, 50.0, 20.0, joined=True)
    assert read_cost(folder) == StudyCost(seconds=60.0, cpu_seconds=50.0, runs=1)


def test_a_run_that_fails_is_counted(folder):
    """The cost of a run is written even if the run raises an error."""
    meter = CostMeter(folder, 0.0, clock=Clock(5.0), cpu_clock=Clock(1.0))
    with pytest.raises(ZeroDivisionError), meter.running():
        raise ZeroDivisionError
    assert read_cost(folder) == StudyCost(seconds=5.0, cpu_seconds=1.0, runs=1)


def test_a_process_counts_from_its_own_start(folder):
    """With the start given, the CPU seconds before the meter was made belong to the run too."""
    meter = CostMeter(folder, 90.0, clock=Clock(100.0), cpu_clock=Clock(7.0))
    meter.write()
    assert read_cost(folder) == StudyCost(seconds=10.0, cpu_seconds=7.0, runs=1)


@pytest.mark.parametrize(("now", "recorded"), [(9.0, 0.0), (10.0, 10.0), (25.0, 25.0)])
def test_the_cost_is_kept_on_record_every_ten_seconds(folder, now, recorded):
    """The cost is written every ten seconds, so a killed run loses at most ten."""
    clock = Clock()
    meter = CostMeter(folder, None, clock=clock, cpu_clock=Clock())
    meter.write()
    clock.now = now
    meter.write_if_due()
    assert read_cost(folder).seconds == recorded


def test_every_event_is_passed_on(folder):
    """The metered listener forwards every event unchanged to the screen."""
    received = []

    class Ear:
        def progress(self, progress):
            received.append(progress)

        def trial_finished(self, proposal, result):
            received.append((proposal, result))

        def message(self, text):
            received.append(text)

    listener = MeteredListener(Ear(), CostMeter(folder, None, cpu_clock=Clock()))
    progress = Progress(phase="searching", counts={})
    listener.progress(progress)
    listener.trial_finished("p", "r")
    listener.message("text")
    assert received == [progress, ("p", "r"), "text"]
    assert read_cost(folder).runs == 1


@pytest.mark.parametrize("text", ["", "[]", '{"seconds": 1.0}', "torn"])
def test_a_damaged_file_is_one_clear_line(folder, text):
    """The error of a damaged file is one line that names the file and a remedy."""
    folder.costs.mkdir()
    (folder.costs / "a.json").write_text(text)
    with pytest.raises(RecordError, match=r"a\.json: cannot be read .*; delete it to go on") as e:
        read_cost(folder)
    assert "\n" not in str(e.value)


def test_a_study_that_was_deleted_gets_no_folder(folder):
    """The error under way is raised, and the last write of the run makes nothing."""
    meter = CostMeter(folder, None, clock=Clock(), cpu_clock=Clock())
    with pytest.raises(FileNotFoundError), meter.running():
        shutil.rmtree(folder.root) or folder.study_toml.read_bytes()
    assert not folder.root.exists()


def test_cpu_seconds_grow():
    """The CPU seconds of this process grow with its work."""
    before = cpu_seconds()
    sum(range(3_000_000))
    assert cpu_seconds() > before


def test_the_cost_of_a_finished_study_of_an_earlier_version_is_kept(paths):
    """Only its manifest has the seconds."""
    paths.manifest.write_text('{"outcome": {"seconds": 70.0, "cpu_seconds": 22.0}}')
    meter = CostMeter(paths, None, clock=lambda: 0.0, cpu_clock=lambda: 0.0)
    with meter.running():
        pass
    assert read_cost(paths) == StudyCost(seconds=70.0, cpu_seconds=22.0, runs=2)


def test_a_damaged_cost_ends_the_run_before_it_begins(paths):
    """No trial is trained, and no test image is read."""
    paths.costs.mkdir()
    (paths.costs / "bad.json").write_text("{}")
    meter = CostMeter(paths, None, clock=lambda: 0.0, cpu_clock=lambda: 0.0)
    with pytest.raises(RecordError, match=r"bad\.json: cannot be read"), meter.running():
        pytest.fail("the run has begun")
