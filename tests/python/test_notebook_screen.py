"""The table of a running study in a notebook."""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest

from autocnn.python import notebook_screen
from autocnn.python.notebook_screen import NotebookScreen
from autocnn.trial import FailureCause, Progress, Running, TrialResult, TrialState


class _Text(HTMLParser):
    def __init__(self):
        super().__init__()
        self.texts, self.tags = [], []

    def handle_data(self, data):
        self.texts.append(data)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)


def read(page):
    """The texts and the tags of a page."""
    parser = _Text()
    parser.feed(page)
    return parser.texts, parser.tags


class Output:
    """An output of a notebook, which keeps what is drawn."""

    def __init__(self, page):
        self.pages = [page]

    def update(self, page):
        """Draw again."""
        self.pages.append(page)


@pytest.fixture
def outputs(monkeypatch):
    """The outputs that are displayed, in place of those of IPython."""
    shown = []

    def display(page, display_id):
        shown.append(Output(page))
        return shown[-1]

    module = SimpleNamespace(HTML=lambda text: text, display=display)
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    return shown


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until its time is set."""
    made = SimpleNamespace(now=100.0)
    monkeypatch.setattr(notebook_screen.time, "monotonic", lambda: made.now)
    return made


def test_one_output_is_drawn_again_and_again(outputs, clock, make_proposal, make_result):
    """A trial appears in it half a second after the last drawing at the earliest."""
    screen = NotebookScreen()
    with screen.shown():
        screen.trial_finished(make_proposal(0), make_result(0.5, 0.75))
        assert len(outputs[0].pages) == 1
        clock.now += 0.5
        screen.trial_finished(make_proposal(1), make_result(0.6, 0.5))
        assert len(outputs[0].pages) == 2
    assert (len(outputs), len(outputs[0].pages)) == (1, 3)
    assert {"75.00 %", "60.00 %"} <= {*read(outputs[0].pages[-1])[0]}


def test_a_running_trial_has_a_bar_and_the_time_is_shown(clock, make_proposal, make_result):
    """65 s of the budget are left; trial 3 has trained 1 of 12 epochs."""
    screen = NotebookScreen()
    curve = make_result(0.5).curve
    running = (Running(proposal=make_proposal(3), curve=curve),)
    clock.now += 30
    screen._draw_soon = lambda: None
    screen._draw = lambda: None
    counts = {TrialState.COMPLETE: 2, TrialState.PRUNED: 1}
    screen.progress(Progress(phase="searching", counts=counts, running=running, seconds_left=65.0))
    texts, _ = read(screen.render())
    assert texts[:2] == ["searching: 2 done, 1 pruned, 0 failed", "0:30 passed, 1:05 left"]
    assert texts[-2:] == ["trial 3", "epoch 1/12 · tpe · validation 50.00 %"]


def test_names_are_text(make_proposal, make_result):
    """An origin or a message with tags in it stays text."""
    screen = NotebookScreen()
    screen._draw_soon = lambda: None
    evil = "<script>alert('x')</script>\x1b[2J"
    screen.message(evil)
    screen.trial_finished(make_proposal(0, origin=evil), make_result(0.5))
    texts, tags = read(screen.render())
    assert "script" not in tags
    assert texts.count("<script>alert('x')</script>\\x1b[2J") == 2


def test_a_failed_trial_shows_its_cause(make_proposal):
    """The cause stands where the state of the others does."""
    screen = NotebookScreen()
    screen._draw_soon = lambda: None
    result = TrialResult(state=TrialState.FAILED, cause=FailureCause.DIVERGED, message="nan")
    screen.trial_finished(make_proposal(0), result)
    assert "diverged" in read(screen.render())[0]


def test_of_many_trials_the_last_are_shown(make_proposal, make_result):
    """17 trials: two are counted, fifteen have a row."""
    screen = NotebookScreen()
    screen._draw_soon = lambda: None
    for number in range(17):
        screen.trial_finished(make_proposal(number), make_result(0.5))
    texts, tags = read(screen.render())
    assert "2 earlier trials are not shown" in texts
    assert tags.count("tr") == 1 + 15
