"""The supervisor's end of a Ray actor's channel; the actor is a mailbox of this process."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("ray", reason="Ray is not installed: pip install -e '.[ray]'")

from ray.exceptions import ActorDiedError, ActorUnavailableError, RayError

from autocnn.errors import AutocnnError
from autocnn.executors import ray_link as module
from autocnn.executors.ray_actor import About, Mailbox, own_version
from autocnn.executors.ray_link import RayLink
from autocnn.trial import FailureCause


class Method:
    """A method of an actor, of which a call is made when its answer is fetched."""

    def __init__(self, call: Any) -> None:
        self.call = call

    def remote(self, *arguments: Any) -> Any:
        """The reference of a call."""
        return lambda: self.call(*arguments)


class FakeRay:
    """A cluster of one node, whose actor is a mailbox; `lose` are errors of the next calls."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.mailbox, self.lose, self.nodes = mailbox, [], [{"NodeID": "n1"}]
        self.is_placed, self.version, self.n_calls, self.n_kills = True, own_version(), 0, 0
        self.exchange, self.about = Method(self._exchange), Method(self._about)

    def connect(self) -> None:
        """Nothing is needed."""

    def start_actor(self) -> FakeRay:
        """The actor."""
        return self

    def wait(self, calls: list[Any], num_returns: int, timeout: float) -> Any:
        """All calls have returned once the actor is placed."""
        return (calls, []) if self.is_placed else ([], calls)

    def get(self, call: Any, timeout: float | None = None) -> Any:
        """The answer of a call, or the next error."""
        if self.lose:
            answers, error = self.lose.pop(0)
            if answers:
                call()  # it arrived, and the reply is lost
            raise error
        return call()

    def kill(self, actor: Any, no_restart: bool) -> None:
        """Count the kills."""
        self.n_kills += 1

    def _about(self) -> About:
        return About(node="n1", host="10.0.0.3", pid=7, autocnn=self.version)

    def _exchange(self, orders: Any, n_received: int, wait_s: float) -> Any:
        self.n_calls += 1
        return self.mailbox.exchange(orders, n_received, 0.0)


@pytest.fixture
def fake(monkeypatch, tmp_path) -> FakeRay:
    """A cluster in place of Ray, whose calls are repeated at once."""
    made = FakeRay(Mailbox(tmp_path))
    for name in ("wait", "get", "kill"):
        monkeypatch.setattr(module.ray, name, getattr(made, name))
    monkeypatch.setattr(module, "living_nodes", lambda: made.nodes)
    monkeypatch.setattr(module, "RETRY_S", 0.0)
    return made


@pytest.fixture
def link(fake) -> RayLink:
    """A link to its actor, which is up."""
    started = RayLink(fake)
    started.start()
    assert started.is_up
    return started


def _orders(fake):
    found = []
    while fake.mailbox.poll():
        found.append(fake.mailbox.recv())
    return found


def test_an_actor_is_up_once_it_is_placed(fake):
    """Until then no order can be sent without waiting."""
    fake.is_placed = False
    link = RayLink(fake)
    assert (link.is_started, link.is_up) == (False, False)
    link.start()
    assert (link.is_started, link.is_up) == (True, False)
    fake.is_placed = True
    assert link.is_up


def test_orders_and_messages_pass(fake, link):
    """The usage of the process comes with them."""
    link.send("device")
    assert (link.poll(), _orders(fake)) == (False, ["device"])
    fake.mailbox.send("an answer")
    assert (link.poll(), link.receive()) == (True, "an answer")
    assert link.usage().memory_mb > 0


@pytest.mark.parametrize("answers", [True, False])
def test_a_call_that_is_lost_on_its_way_is_repeated(fake, link, answers):
    """Whether the call or its reply was lost, the order is done once and the message comes once."""
    fake.mailbox.send("an epoch")
    fake.lose = [(answers, ActorUnavailableError("away", None))]
    link.send("go")
    assert link.poll(1.0)
    assert (link.receive(), _orders(fake)) == ("an epoch", ["go"])
    assert not link.poll()


def test_a_dead_actor_of_a_living_node_has_crashed(fake, link):
    """What it had sent before can still be received."""
    fake.mailbox.send("an epoch")
    assert link.poll()
    fake.lose = [(False, ActorDiedError())]
    link.send("go")
    assert (link.poll(), link.is_started) == (True, False)
    assert link.receive() == "an epoch"
    with pytest.raises(EOFError):
        link.receive()
    with pytest.raises(ConnectionError):
        link.send("go")
    cause, message = link.death(0.0)
    assert cause is FailureCause.CRASHED
    assert message.startswith("process 7 of node 10.0.0.3 ended: ")


def test_a_dead_actor_of_a_lost_node_was_lost_with_it(fake, link):
    """That is no try of the job."""
    fake.nodes, fake.lose = [{"NodeID": "n2"}], [(False, ActorDiedError())]
    link.send("go")
    assert link.poll()
    assert link.death(0.0) == (FailureCause.NODE_LOST, "node 10.0.0.3 was lost")


def test_an_actor_that_is_forgotten_is_killed(fake, link):
    """It may only be out of reach; then the next one begins with an empty channel."""
    fake.mailbox.send("late")
    link.forget()
    assert (fake.n_kills, link.is_started) == (1, False)
    fake.mailbox = Mailbox(fake.mailbox._scratch)
    link.start()
    assert not link.poll()


def test_another_version_on_a_node_ends_the_search(fake):
    """The line names the node."""
    fake.version = "0.0.1"
    link = RayLink(fake)
    link.start()
    with pytest.raises(AutocnnError, match=r"node 10.0.0.3 has autocnn 0.0.1, this machine"):
        link.poll()


def test_a_node_where_autocnn_cannot_start_ends_the_search(fake):
    """Another actor could not begin there, either."""
    error = ActorDiedError()
    error._actor_init_failed = True
    fake.lose = [(False, error)]
    link = RayLink(fake)
    link.start()
    with pytest.raises(AutocnnError, match=r"^--executor ray: autocnn does not start on a node: "):
        link.poll()


def test_one_call_carries_an_answer_there_and_the_next_epoch_back(fake, link):
    """While an epoch waits for its answer no call is made; nothing waits while it is here."""
    link.send("a job")
    for epoch in range(1, 6):
        fake.mailbox.send(epoch)
        assert link.poll()
        n_calls = fake.n_calls
        module.wait_for_calls([link], 60.0)
        assert (link.poll(), link.receive(), fake.n_calls) == (True, epoch, n_calls)
        link.send("go")
    assert fake.n_calls <= 1 + 5 + 1


def test_an_answer_that_was_lost_with_its_node_is_asked_for_again(fake, link):
    """Ray's other errors say nothing about the actor."""
    fake.mailbox.send("an epoch")
    fake.lose = [(True, RayError("object lost"))]
    link.send("go")
    assert link.poll(1.0)
    assert link.receive() == "an epoch"
