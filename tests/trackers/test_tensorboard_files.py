"""The event files that TensorBoard reads."""

from __future__ import annotations

import struct

import pytest

pytest.importorskip("tensorboardX")

from tensorboardX.proto.event_pb2 import Event as Record
from tensorboardX.proto.event_pb2 import SessionLog
from tensorboardX.proto.plugin_hparams_pb2 import HParamsPluginData

from autocnn.trackers.protocol import EpochTrained, TrialEnded
from autocnn.trackers.tensorboard_files import open_tracker


def read_events(path) -> list[Record]:
    """The records of a file: length, checksum, bytes, checksum."""
    content, found = path.read_bytes(), []
    while content:
        (size,) = struct.unpack("<Q", content[:8])
        found.append(Record.FromString(content[12 : 12 + size]))
        content = content[16 + size :]
    return found


def scalars(records) -> list[tuple[int, str, float]]:
    """Step, tag and value of each scalar."""
    return [
        (record.step, value.tag, round(value.simple_value, 4))
        for record in records
        for value in record.summary.value
        if value.HasField("simple_value")
    ]


@pytest.fixture
def proposal(make_proposal):
    """Trial 7, with a value of every type."""
    return make_proposal(7, values={"filters": 8, "rate": 0.25, "pool": "max", "flip": True})


def test_a_trial_has_scalars_and_parameters(tmp_path, proposal, make_result):
    """By epoch, of the whole trial, and for the page HParams, at the times of the events."""
    result = make_result(0.5, 0.75)
    tracker = open_tracker(str(tmp_path), "mine")
    for number, epoch in enumerate(result.curve, start=1):
        tracker.epoch(EpochTrained(proposal=proposal, number=number, epoch=epoch, time_s=10.0))
    tracker.trial_ended(TrialEnded(proposal=proposal, result=result, time_s=11.0))
    tracker.close()
    (file,) = (tmp_path / "mine" / "trial-00007").iterdir()
    records = read_events(file)
    assert records[0].file_version == "brain.Event:2"
    assert {record.wall_time for record in records[1:]} == {10.0, 11.0}
    assert scalars(records) == [
        (1, "train/loss", 1.0),
        (1, "train/accuracy", 0.25),
        (1, "validation/loss", 0.5),
        (1, "validation/accuracy", 0.5),
        (1, "validation/score", 0.5),
        (2, "train/loss", 0.5),
        (2, "train/accuracy", 0.375),
        (2, "validation/loss", 0.25),
        (2, "validation/accuracy", 0.75),
        (2, "validation/score", 0.75),
        (2, "trial/score", 0.75),
        (2, "trial/epochs", 2.0),
        (2, "trial/seconds", 5.0),
        (2, "trial/parameters", 1290.0),
        (2, "trial/macs", 88000.0),
    ]
    started, ended = (record.summary.value[0] for record in records[-2:])
    data = HParamsPluginData.FromString(started.metadata.plugin_data.content)
    values = {key: getattr(value, value.WhichOneof("kind"))
              for key, value in data.session_start_info.hparams.items()}  # fmt: skip
    expected = {"filters": 8.0, "rate": 0.25, "pool": "max", "flip": True, "origin": "tpe"}
    assert values == expected
    assert ended.tag == "_hparams_/session_end_info"


def test_epochs_can_be_read_before_the_trial_ends(tmp_path, proposal, make_result):
    """TensorBoard follows a search."""
    tracker = open_tracker(str(tmp_path), "mine")
    (epoch,) = make_result(0.5).curve
    tracker.epoch(EpochTrained(proposal=proposal, number=1, epoch=epoch, time_s=0.0))
    (file,) = (tmp_path / "mine" / "trial-00007").iterdir()
    assert len(scalars(read_events(file))) == 5
    tracker.close()


def test_a_trial_that_begins_again_replaces_its_epochs(tmp_path, proposal, make_result):
    """A new file says from which epoch on the earlier one counts no more."""
    tracker = open_tracker(str(tmp_path), "mine")
    curve = make_result(0.5, 0.75).curve
    for number in (1, 2, 1):
        event = EpochTrained(proposal=proposal, number=number, epoch=curve[number - 1], time_s=0.0)
        tracker.epoch(event)
    tracker.close()
    files = sorted((tmp_path / "mine" / "trial-00007").iterdir())
    starts = [
        [record.step for record in read_events(file) if record.session_log.status] for file in files
    ]
    assert starts == [[1], [1]]
    assert SessionLog.START == 1
    assert [len(scalars(read_events(file))) for file in files] == [10, 5]


def test_a_trial_without_an_epoch_has_no_score(tmp_path, proposal, make_result):
    """It failed before its first epoch ended."""
    tracker = open_tracker(str(tmp_path), "mine")
    tracker.trial_ended(TrialEnded(proposal=proposal, result=make_result(), time_s=0.0))
    (file,) = (tmp_path / "mine" / "trial-00007").iterdir()
    tags = [tag for _, tag, _ in scalars(read_events(file))]
    assert tags == ["trial/epochs", "trial/seconds", "trial/parameters", "trial/macs"]
