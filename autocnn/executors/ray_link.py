"""A worker process in a Ray actor, wherever Ray has put it."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Sequence
from typing import Any

import ray
from ray.exceptions import (
    ActorDiedError,
    ActorUnavailableError,
    GetTimeoutError,
    OutOfMemoryError,
    RayError,
    RayTaskError,
)

from autocnn.errors import AutocnnError
from autocnn.executors.ray_actor import About, PackedJob, Reply, own_version, pack_job
from autocnn.executors.ray_cluster import RayCluster, living_nodes
from autocnn.executors.watch import Usage
from autocnn.trial import FailureCause, TrialJob

WAIT_S = 5.0  # that an exchange waits for a message; the usage is as old as that at most
RETRY_S = 1.0  # after a call that did not reach its actor
MOST_CHARACTERS = 300  # of a reason


class RayLink:
    """A worker process in a Ray actor, as `Link` describes."""

    def __init__(self, cluster: RayCluster) -> None:
        self._cluster = cluster
        self._reset()

    def _reset(self) -> None:
        self._actor: Any = None
        self._about: About | None = None  # None: Ray has not placed the actor yet
        self._calls: list[Any] = []  # ObjectRefs of calls that have not returned
        self._polls: Any = None  # the one of them that waits for messages
        self._retry_at = 0.0  # time.monotonic() before which no call is repeated
        self._orders: deque[tuple[int, Any]] = deque()  # not known to have arrived
        self._n_orders = 0
        self._messages: deque[Any] = deque()
        self._n_received = 0
        self._usage = Usage()
        self._death: tuple[FailureCause, str] | None = None

    @property
    def is_started(self) -> bool:
        """True from the request for an actor until its death."""
        return self._actor is not None and self._death is None

    @property
    def is_up(self) -> bool:
        """True if Ray has placed the actor, and it lives as far as is known."""
        self._pump()
        return self.is_started and self._about is not None

    @property
    def calls(self) -> Sequence[Any]:
        """The calls that have not returned."""
        return self._calls

    @property
    def has_message(self) -> bool:
        """True if a message has arrived that was not received yet."""
        return bool(self._messages)

    def start(self) -> None:
        """Ask Ray for an actor."""
        self._reset()
        self._cluster.connect()
        self._actor = self._cluster.start_actor()
        self._calls.append(self._actor.about.remote())

    def send(self, order: Any) -> None:
        """Number the order, and send it with those that may not have arrived."""
        if not self.is_started:
            raise ConnectionError("the actor has ended")
        packed: PackedJob | Any = pack_job(order) if isinstance(order, TrialJob) else order
        self._n_orders += 1
        self._orders.append((self._n_orders, packed))
        self._call()

    def poll(self, timeout_s: float | None = 0.0) -> bool:
        """True if a message has arrived, or if the actor has died."""
        end = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            self._pump()
            if self._messages or not self.is_started:
                return True
            left = RETRY_S if end is None else min(RETRY_S, end - time.monotonic())
            if left <= 0:
                return False
            wait_for_calls([self], left)

    def receive(self) -> Any:
        """The next message; waits for it."""
        self.poll(None)
        if not self._messages:
            raise EOFError("the actor has ended")
        return self._messages.popleft()

    def usage(self) -> Usage:
        """What the process took at its last answer."""
        return self._usage

    def kill(self) -> None:
        """End the actor by force."""
        if self._actor is not None:
            with contextlib.suppress(RayError):  # it has ended
                ray.kill(self._actor, no_restart=True)

    def end(self, timeout_s: float) -> None:
        """Let the actor delete its files, and end it."""
        with contextlib.suppress(RayError):  # it has ended, or does not answer in time
            if timeout_s > 0:
                ray.get(self._actor.leave.remote(), timeout=timeout_s)
        self.kill()

    def death(self, timeout_s: float) -> tuple[FailureCause, str]:
        """Node lost, out of memory or crashed, with Ray's reason."""
        if self._death is None:
            return FailureCause.CRASHED, "the actor ended"
        return self._death

    def forget(self) -> None:
        """End the actor, in case it only cannot be reached, and drop what it has sent."""
        self.kill()
        self._reset()

    def _call(self) -> None:
        """Exchange orders and messages; of several calls only one waits for a message."""
        waits = self._polls is None
        call = self._actor.exchange.remote(
            tuple(self._orders), self._n_received, WAIT_S if waits else 0.0
        )
        self._calls.append(call)
        if waits:
            self._polls = call

    def _pump(self) -> None:
        """Take in the calls that have returned; make one if none is under way.

        Not while a message waits here: its answer goes with the next call.
        """
        if self._calls:
            ready, self._calls = ray.wait(self._calls, num_returns=len(self._calls), timeout=0)
            for call in ready:
                self._take(call)
        is_silent = self.is_started and not self._calls and not self._messages
        if is_silent and time.monotonic() >= self._retry_at:
            if self._about is None:
                self._calls.append(self._actor.about.remote())
            else:
                self._call()

    def _take(self, call: Any) -> None:
        if call == self._polls:
            self._polls = None
        try:
            answer = ray.get(call, timeout=WAIT_S)
        except GetTimeoutError:
            self._calls.append(call)
        except (ActorDiedError, OutOfMemoryError) as error:
            self._die(error)
        except ActorUnavailableError:
            self._retry_at = time.monotonic() + RETRY_S
        except RayTaskError as error:  # an exchange raises nothing on purpose
            raise RuntimeError(f"in the actor:\n{error}") from error
        except RayError:  # an answer was lost with the node that held it
            self._retry_at = time.monotonic() + RETRY_S
        else:
            self._arrived(answer)

    def _arrived(self, answer: About | Reply) -> None:
        if isinstance(answer, About):
            self._about = answer
            self._refuse_other_version(answer)
            return
        self._usage = answer.usage
        while self._orders and self._orders[0][0] <= answer.n_taken:
            self._orders.popleft()
        for number, message in answer.messages:
            if number == self._n_received + 1:
                self._messages.append(message)
                self._n_received = number

    def _refuse_other_version(self, about: About) -> None:
        if about.autocnn != own_version():
            raise AutocnnError(
                f"--executor ray: node {about.host} has autocnn {about.autocnn or 'from source'}, "
                f"this machine {own_version() or 'from source'}; install the same version on all"
            )

    def _die(self, error: RayError) -> None:
        """Note the cause of the death of the actor.

        Raises: AutocnnError if the actor could not begin: another one could not, either.
        """
        reason = _short(error)
        if isinstance(error, ActorDiedError) and getattr(error, "actor_init_failed", False):
            raise AutocnnError(f"--executor ray: autocnn does not start on a node: {reason}")
        about = self._about
        host = "" if about is None else f" {about.host}"
        process = "" if about is None else f"process {about.pid} of "
        if isinstance(error, OutOfMemoryError):
            self._death = FailureCause.OUT_OF_MEMORY, f"node{host} ran out of memory: {reason}"
        elif self._is_node_lost():
            self._death = FailureCause.NODE_LOST, f"node{host} was lost"
        else:
            self._death = FailureCause.CRASHED, f"{process}node{host} ended: {reason}"
        self._calls.clear()

    def _is_node_lost(self) -> bool:
        """True if the node of the actor is dead."""
        about = self._about
        return about is not None and all(node["NodeID"] != about.node for node in living_nodes())


def wait_for_calls(links: Sequence[RayLink], seconds: float) -> None:
    """Sleep until a call of `links` has returned; not if one of them has a message already."""
    if any(link.has_message for link in links):
        return
    calls = [call for link in links for call in link.calls]
    if calls:
        ray.wait(calls, num_returns=1, timeout=seconds)
    else:
        time.sleep(min(seconds, RETRY_S))


def _short(error: RayError) -> str:
    """The line of Ray's error that says most, of a limited length."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    named = [line for line in lines if line.startswith(("Worker exit", "ModuleNotFoundError"))]
    line = (named or lines or [type(error).__name__])[-1 if named else 0]
    return line if len(line) <= MOST_CHARACTERS else f"{line[:MOST_CHARACTERS]} …"
