"""The finals from end to end: a made-up refit, real files and the test split of the digits."""

from __future__ import annotations

from dataclasses import asdict, replace
from types import SimpleNamespace

import keras
import pytest
from scripted import ScriptedExecutor

from autocnn.data.options import AS_THEY_ARE
from autocnn.data.value_range import EIGHT_BITS
from autocnn.errors import UnknownDatasetError
from autocnn.exports.formats import read_contract
from autocnn.finals.run import finish
from autocnn.nn.model import ImageSpec, build_model
from autocnn.nn.weights import save_weights
from autocnn.objectives import ACCURACY
from autocnn.records.finals_file import read_confusion, read_finals, write_finals
from autocnn.records.study_folder import StudyPaths
from autocnn.space.config import TrialConfig
from autocnn.trial import TrialState

CONFIG = TrialConfig(pixels="unit")
SPEC = ImageSpec(shape=(8, 8, 1), n_classes=10, mean=(78.0,), std=(96.0,))
WEIGHTS = {"trial": 1, "refit": 2}  # the seeds of the weights


class Refitting(ScriptedExecutor):
    """Returns a made-up refit and leaves its weights on disk."""

    def __init__(self, result):
        super().__init__()
        self.result, self.is_closed = result, False

    def train(self, job):
        """Yield the epochs of the result."""
        yield from enumerate(self.result.curve, start=1)
        write_weights(job.folder / "best.npz", WEIGHTS["refit"])
        return self.result

    def close(self):
        """Record the call."""
        self.is_closed = True


class Listening:
    """A listener that records the messages and the phases."""

    def __init__(self):
        self.messages, self.phases = [], []

    def message(self, text):
        """Record the line."""
        self.messages.append(text)

    def progress(self, progress):
        """Record a new phase."""
        if self.phases[-1:] != [progress.phase]:
            self.phases.append(progress.phase)


def write_weights(path, seed):
    """Write the weights of a network that was never trained."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_weights(path, build_model(CONFIG, SPEC, seed=seed).get_weights())


@pytest.fixture
def make_session(tmp_path, make_result, make_record):
    """A function that makes a session: trial 5 reached 0.2, and its refit has this loss."""

    def make(refit_loss=0.1, dataset="digits", state=TrialState.COMPLETE):
        paths = StudyPaths(tmp_path / "study")
        write_weights(paths.weights(5), WEIGHTS["trial"])
        record = make_record(make_result(1.0, 0.5, best_epoch=2, state=state))
        return SimpleNamespace(
            records=lambda: [replace(record, config=CONFIG, state=state)],
            budget=SimpleNamespace(left=lambda: None, finish_s=lambda: 20.0, fixed_s=20.0),
            validation_sizes=(5, 5),
            facts=SimpleNamespace(
                horizon=2,
                longest_refit=0,
                class_names=tuple("0123456789"),
                image_shape=SPEC.shape,
                value_range=EIGHT_BITS,
            ),
            precision="float32",
            objective=ACCURACY,
            paths=paths,
            settings=SimpleNamespace(
                study="digits-1",
                dataset=dataset,
                **asdict(AS_THEY_ARE),
                class_weights=False,
                asked_finals=None,
            ),
            data=SimpleNamespace(
                image_shape=SPEC.shape,
                n_classes=10,
                mean=SPEC.mean,
                std=SPEC.std,
                class_names=tuple("0123456789"),
                fingerprint="12ab",
            ),
            executor=Refitting(make_result(1.0, refit_loss)),
        )

    return make


def weights_in(file):
    """The first weights of an exported file."""
    return keras.saving.load_model(file, compile=False, safe_mode=True).get_weights()[0].tolist()


def first_weights(seed):
    """The first weights of a network with this seed."""
    return build_model(CONFIG, SPEC, seed=seed).get_weights()[0].tolist()


def test_both_files_are_exported_and_tested(make_session):
    """The refit is shipped beside the trial's own weights; the record holds both scores."""
    session, listener = make_session(), Listening()
    finals = finish(session, listener, lambda: False)
    paths = session.paths
    assert finals == read_finals(paths)
    assert (finals.winner, finals.test.n, finals.refit.shipped) == (5, 360, True)
    assert weights_in(paths.winner) == first_weights(WEIGHTS["refit"])
    assert weights_in(paths.validation) == first_weights(WEIGHTS["trial"])
    confusion = read_confusion(paths.confusion)
    assert confusion.n - confusion.hits == finals.test.errors
    assert (listener.phases, listener.messages) == (["refitting", "testing"], [])


def test_the_files_have_their_contract_inside_and_beside(make_session):
    """Both are of the winner, and name the data set and the study."""
    session = make_session()
    finish(session, Listening(), lambda: False)
    for file in (session.paths.winner, session.paths.validation):
        contract = read_contract(file)
        assert contract == read_contract(file.with_suffix(".json"))
        assert contract.class_names == tuple("0123456789")
        assert (contract.image_shape, contract.value_range) == ((8, 8, 1), EIGHT_BITS)
        assert (contract.dataset, contract.study, contract.trial) == ("digits", "digits-1", 5)
    assert session.executor.is_closed


def test_without_the_refit_the_trials_own_file_is_shipped(make_session):
    """The file is copied byte by byte, and one line gives the reason."""
    session, listener = make_session(refit_loss=5.0), Listening()
    finals = finish(session, listener, lambda: False)
    paths = session.paths
    assert paths.winner.read_bytes() == paths.validation.read_bytes()
    assert read_contract(paths.winner.with_suffix(".json")) == read_contract(paths.winner)
    assert (finals.refit.shipped, finals.test) == (False, finals.test_winner)
    (message,) = listener.messages
    assert message == (
        "the refit's training loss is 5.0000, the trial's was 0.5000; "
        "the winner's own weights are shipped"
    )


def test_a_tied_trial_that_can_learn_is_the_winner(make_session):
    """The best trial has 0.99 on its training images and 0.5 on others; trial 5 has 0.5, too."""
    session, listener = make_session(), Listening()
    (record,) = session.records()
    first, second = record.result.curve
    heart = replace(second, train_accuracy=0.99, val_accuracy=0.5, val_loss=0.01)
    best = replace(record, number=3, result=replace(record.result, curve=(first, heart)))
    session.records = lambda: [best, record]
    session.facts.longest_refit = 20
    session.facts.folds, session.facts.n_train, session.facts.n_validation = 1, 9, 3
    session.data.train = session.data.validation = SimpleNamespace(n=9)
    session.budget.refit_epochs = lambda epoch_s, reserve_s: 6
    finals = finish(session, listener, lambda: False)
    assert (finals.winner, finals.instead_of) == (5, 3)
    assert finals.includes(3)
    assert session.executor.jobs[0].last_epoch == 6
    assert listener.messages[1].startswith("the refit trains 6 epochs, the winner's trial had 2: ")
    assert read_finals(session.paths) == finals


def test_without_a_winner_there_are_no_finals(make_session):
    """Nothing is trained or written."""
    session = make_session(state=TrialState.PRUNED)
    assert finish(session, Listening(), lambda: False) is None
    assert session.executor.jobs == []
    assert not session.paths.finals.exists()


def test_an_interrupt_leaves_the_earlier_finals(make_session, make_finals):
    """The file of the earlier winner stays shipped, with its finals."""
    session, earlier = make_session(), make_finals(winner=4)
    session.paths.finals.mkdir()
    write_finals(session.paths, earlier)
    assert finish(session, Listening(), lambda: True) is None
    assert read_finals(session.paths) == earlier


def test_finals_never_describe_the_files_of_another_winner(make_session, make_finals):
    """The earlier finals are deleted before the files are replaced, here without a test split."""
    session = make_session(dataset="gone")
    session.paths.finals.mkdir()
    write_finals(session.paths, make_finals(winner=4))
    with pytest.raises(UnknownDatasetError):
        finish(session, Listening(), lambda: False)
    assert session.paths.winner.is_file()
    assert read_finals(session.paths) is None
