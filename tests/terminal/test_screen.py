"""The screen and the plain lines of a running study."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from autocnn.objectives import LOSS
from autocnn.terminal.screen import (
    SHOWN_TRIALS,
    LiveScreen,
    PlainLines,
    describe_counts,
    describe_origin,
    describe_result,
    open_screen,
)
from autocnn.trial import FailureCause, Progress, Running, TrialState

COUNTS = {
    TrialState.COMPLETE: 3,
    TrialState.STOPPED: 1,
    TrialState.PRUNED: 2,
    TrialState.FAILED: 5,
}


# one line on a trial, one on all


def test_a_trial_is_one_line(make_proposal, make_result):
    """The line has number, state, score, epochs, seconds and origin."""
    line = describe_result(make_proposal(7), make_result(0.5, 0.9234, 0.9))
    assert line == "trial   7  complete  92.34 %   3 epochs     7.5 s  tpe"


def test_a_failed_trial_has_its_cause(make_proposal, make_result):
    """The score is a dash, and cause and message follow in the same columns."""
    result = make_result(
        state=TrialState.FAILED, cause=FailureCause.DIVERGED, message="training loss nan in epoch 1"
    )
    line = describe_result(make_proposal(12, origin="recipe:small"), result)
    assert line == (
        "trial  12  failed          –   0 epochs     0.0 s  recipe:small  "
        "diverged: training loss nan in epoch 1"
    )


def test_counts_are_trials_by_state():
    """Complete and stopped trials count as done."""
    progress = Progress(phase="searching", counts=COUNTS, best=(4, 0.9234))
    assert describe_counts(progress) == "4 done, 2 pruned, 5 failed; best 92.34 % (trial 4)"


def test_counts_start_at_nothing():
    """Without a trial there is no best."""
    assert describe_counts(Progress(phase="starting", counts={})) == "0 done, 0 pruned, 0 failed"


# plain lines


@pytest.fixture
def lines(console):
    """A function that returns the lines printed so far."""
    return lambda: console.export_text(clear=False).splitlines()


def test_a_phase_is_printed_once(console, lines):
    """Later steps of a phase print nothing; searching and the end have no line."""
    plain = PlainLines(console, 0)
    for phase in ("starting", "starting", "searching", "searching", "refitting", "refitting"):
        plain.progress(Progress(phase=phase, counts={}))
    plain.progress(Progress(phase="testing", counts={}))
    plain.progress(Progress(phase="finished", counts={}))
    assert lines() == ["starting …", "refitting …", "testing …"]


@pytest.mark.parametrize(
    ("verbosity", "expected"),
    [
        (0, []),
        (
            1,
            [
                "trial   3  epoch 1/12  loss 1.0000  validation 50.00 %",
                "trial   3  epoch 2/12  loss 0.5000  validation 92.34 %",
            ],
        ),
    ],
)
def test_epochs_are_printed_if_verbose(
    console, lines, make_proposal, make_result, verbosity, expected
):
    """Each epoch is printed once, for any number of snapshots."""
    plain, curve = PlainLines(console, verbosity), make_result(0.5, 0.9234).curve
    for n in (0, 1, 1, 2, 2):
        plain.progress(
            Progress(
                phase="searching",
                counts={},
                horizon=12,
                running=(Running(proposal=make_proposal(3), curve=curve[:n]),),
            )
        )
    assert lines() == expected


@pytest.mark.parametrize(("verbosity", "n"), [(-1, 0), (0, 3), (1, 3)])
def test_quiet_is_silent(console, lines, make_proposal, make_result, verbosity, n):
    """Without it the phase, the trial and the message have a line each."""
    plain = PlainLines(console, verbosity)
    plain.progress(Progress(phase="starting", counts={}))
    plain.trial_finished(make_proposal(0), make_result(0.5))
    plain.message("recipe small is skipped")
    assert len(lines()) == n


def test_a_line_is_never_broken(make_proposal, make_result):
    """A line in a file is whole at any length."""
    stream = io.StringIO()
    result = make_result(state=TrialState.FAILED, cause=FailureCause.ERROR, message="long " * 50)
    PlainLines(Console(file=stream, width=40), 0).trial_finished(make_proposal(0), result)
    assert stream.getvalue().count("\n") == 1


@pytest.mark.parametrize("text", ["all [bold]this[/bold] stays", "[/]", "a file :cat: here"])
def test_a_plain_line_is_printed_as_it_is(console, lines, text):
    """Brackets are no markup, and names of emojis stay text."""
    PlainLines(console, 0).message(text)
    assert lines() == [text]


# the live screen


@pytest.fixture
def draw(console):
    """A function that returns the lines of a screen as it would be drawn now."""

    def lines(screen):
        console.print(screen.live.get_renderable())
        return [line.rstrip() for line in console.export_text().splitlines()]

    return lines


def test_the_screen_shows_the_state_of_the_study(console, draw):
    """The head has the phase, the counts, the best, and the time left."""
    screen = LiveScreen(console)
    screen.progress(Progress(phase="testing", counts=COUNTS, best=(4, 0.9234), seconds_left=754.9))
    head, times = draw(screen)
    assert head == "testing    4 done, 2 pruned, 5 failed; best 92.34 % (trial 4)"
    assert times == "0:00 passed, 12:34 left"


def test_without_a_budget_no_time_is_left(console, draw):
    """Only the elapsed time is shown."""
    screen = LiveScreen(console)
    screen.progress(Progress(phase="starting", counts={}))
    assert draw(screen)[1] == "0:00 passed"


def test_the_screen_shows_the_running_epoch(console, draw, make_proposal, make_result):
    """A trial has a bar of 24 columns, half full, its costs and its last score."""
    screen = LiveScreen(console)
    screen.progress(
        Progress(
            phase="searching",
            counts={},
            horizon=12,
            running=(
                Running(
                    proposal=make_proposal(7, last_epoch=4), curve=make_result(0.5, 0.75).curve
                ),
                Running(proposal=make_proposal(12, last_epoch=4)),
            ),
        )
    )
    bar, empty = 12 * "━" + 12 * "─", 24 * "─"
    assert draw(screen)[-2:] == [
        f"trial 7    {bar} epoch 2/4  88.0 k MACs  tpe  validation 75.00 %",
        f"trial 12   {empty} epoch 0/4  88.0 k MACs  tpe",
    ]


def test_the_screen_shows_the_refit(console, draw, make_result):
    """A refit validates nothing, so it has no score."""
    screen = LiveScreen(console)
    curve = make_result(0.5, 0.5, 0.5).curve
    screen.progress(Progress(phase="refitting", counts={}, horizon=3, curve=curve))
    assert draw(screen)[-1] == f"refit      {24 * '━'} epoch 3/3"


def test_finished_trials_are_rows(console, draw, make_proposal, make_result):
    """A row has costs, state and curve."""
    screen = LiveScreen(console)
    screen.trial_finished(make_proposal(3), make_result(0.1, 0.8))
    failed = make_result(state=TrialState.FAILED, cause=FailureCause.DIVERGED)
    screen.trial_finished(make_proposal(4, origin="recipe:small"), failed)
    header, first, second = (line.split() for line in draw(screen)[2:])
    assert header == [
        "trial",
        "score",
        "epochs",
        "seconds",
        "parameters",
        "MACs",
        "state",
        "origin",
        "curve",
    ]
    costs = ["1.3", "k", "88.0", "k"]
    assert first == ["3", "80.00", "%", "2", "5.0", *costs, "complete", "tpe", "▁█"]
    assert second == ["4", "–", "0", "0.0", *costs, "diverged", "recipe:small"]


@pytest.mark.parametrize(("width", "has_curve"), [(80, False), (105, False), (106, True)])
def test_a_row_is_one_line_on_any_terminal(width, has_curve, show, make_proposal, make_result):
    """A narrow terminal has no MACs and no curve."""
    console = Console(width=width, force_terminal=True, color_system=None, file=io.StringIO())
    screen = LiveScreen(console)
    recipe = make_proposal(10, origin="recipe:middle_48_shift")
    screen.trial_finished(recipe, make_result(*[i / 30 for i in range(31)]))
    drawn = show(screen.live.get_renderable(), width)
    header, row = (line.split() for line in drawn[2:])
    assert ("curve" in header, "MACs" in header) == (has_curve, has_curve)
    assert row[:5] == ["10", "100.00", "%", "31", "77.5"]
    assert "recipe:middle_48_shift" in row
    assert (len(row[-1]) == 16) is has_curve


def test_the_screen_keeps_the_latest_trials(console, draw, make_proposal, make_result):
    """The number of rows is limited."""
    screen = LiveScreen(console)
    for number in range(SHOWN_TRIALS + 2):
        screen.trial_finished(make_proposal(number), make_result(0.5))
    numbers = [int(line.split()[0]) for line in draw(screen)[3:]]
    assert numbers == list(range(2, SHOWN_TRIALS + 2))


def test_brackets_are_text_on_the_screen(console, draw, make_proposal, make_result):
    """Brackets in a name or a message are no markup."""
    screen = LiveScreen(console)
    odd = make_proposal(1, origin="recipe:[red]x[/red]")
    screen.trial_finished(odd, make_result(0.5))
    screen.progress(Progress(phase="searching", counts={}, running=(Running(proposal=odd),)))
    drawn = draw(screen)
    assert sum("recipe:[red]x[/red]" in line for line in drawn) == 2


@pytest.mark.parametrize("text", ["recipe [bold]x[/bold] is skipped", "[/]", "a file :cat: here"])
def test_a_message_stays_above_the_screen(console, lines, text):
    """The message is printed unchanged: no markup, no emojis."""
    LiveScreen(console).message(text)
    assert lines() == [text]


# the choice between screen and lines


def test_a_terminal_gets_the_live_screen(monkeypatch):
    """The terminal must be able to move its cursor."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    with open_screen(0, io.StringIO()) as screen:
        assert isinstance(screen, LiveScreen)


@pytest.mark.parametrize(
    ("verbosity", "term", "tty"),
    [(0, "xterm", "0"), (0, "dumb", "1"), (-1, "xterm", "1"), (1, "xterm", "1")],
)
def test_all_else_gets_plain_lines(monkeypatch, verbosity, term, tty):
    """A file, a dumb terminal, and the options for quiet or verbose output have plain lines."""
    monkeypatch.setenv("TERM", term)
    monkeypatch.setenv("TTY_COMPATIBLE", tty)
    with open_screen(verbosity, io.StringIO()) as screen:
        assert isinstance(screen, PlainLines)


def test_the_screen_goes_to_the_stream_it_is_given(make_proposal, make_result):
    """A stream that is no terminal has no colour codes."""
    stream = io.StringIO()
    with open_screen(0, stream) as screen:
        screen.trial_finished(make_proposal(7), make_result(0.5))
    assert stream.getvalue() == "trial   7  complete  50.00 %   1 epoch      2.5 s  tpe\n"


def test_the_origin_names_a_continued_or_repeated_trial(make_proposal, make_result):
    """The proposer comes first."""
    promoted = make_proposal(12, origin="hyperband", first_epoch=4, parent=3)
    assert describe_origin(promoted, make_result(0.5)) == "hyperband, continues 3"
    repeated = make_result(0.5, duplicate_of=7)
    assert describe_origin(make_proposal(9), repeated) == "tpe, repeats 7"
    assert describe_origin(make_proposal(9), make_result(0.5)) == "tpe"
    assert describe_result(promoted, make_result(0.5)).endswith("hyperband, continues 3")


def test_losses_are_shown_as_plain_numbers(make_proposal, make_result):
    """The lines of a trial and of an epoch, and the best score, have no percent."""
    result = make_result(0.25, 0.125)
    line = describe_result(make_proposal(7), result, LOSS)
    assert line.startswith("trial   7  complete   0.2500")
    progress = Progress(phase="searching", counts={}, best=(7, 0.125))
    assert describe_counts(progress, LOSS).endswith("best 0.1250 (trial 7)")
    stream = io.StringIO()
    with open_screen(1, stream, LOSS) as screen:
        running = (Running(proposal=make_proposal(7), curve=result.curve[:1]),)
        screen.progress(Progress(phase="searching", counts={}, running=running))
    assert stream.getvalue().endswith("validation 0.2500\n")
