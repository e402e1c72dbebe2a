"""MLflow: an experiment for the study, and a run for each trial.

`MlflowClient` is used alone: the module's own functions keep a current run for the whole process.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from autocnn.errors import RecordError
from autocnn.trackers.protocol import EpochTrained, Event, TrialEnded, epoch_scalars, trial_scalars
from autocnn.trial import Proposal, TrialState

ENVIRONMENT = {  # unless the user has set them
    "MLFLOW_DISABLE_TELEMETRY": "true",  # nothing is sent to another place than the given one
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",  # seconds
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
}
STATUS = {TrialState.FAILED: "FAILED", TrialState.STOPPED: "KILLED"}  # of others: FINISHED


def open_tracker(uri: str, study: str) -> MlflowRuns:
    """The tracker of the study at `uri`; the server is asked for nothing before the first epoch."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient

    logging.getLogger("mlflow").setLevel(logging.ERROR)
    with _errors():
        return MlflowRuns(MlflowClient(tracking_uri=uri), study)


@dataclass(slots=True)
class _Run:
    """The run of a trial under way."""

    id: str
    last: int = 0  # epoch


class MlflowRuns:
    """Logs a run for each trial to the experiment called `study`."""

    def __init__(self, client: Any, study: str) -> None:
        self._client, self._study = client, study
        self._experiment: str | None = None
        self._runs: dict[int, _Run] = {}  # of trials under way, by number

    def epoch(self, event: EpochTrained) -> None:
        """Log the measurements of an epoch; a trial that begins again has a new run."""
        with _errors():
            number = event.proposal.number
            run = self._run(event.proposal)
            if event.number <= run.last:
                self._client.set_terminated(run.id, status="KILLED")
                del self._runs[number]
                run = self._run(event.proposal)
            self._log(run.id, event, epoch_scalars(event.epoch), event.number)
            run.last = event.number

    def trial_ended(self, event: TrialEnded) -> None:
        """Log the measurements of the whole trial, and end its run."""
        with _errors():
            run, result = self._run(event.proposal), event.result
            self._log(run.id, event, dict(trial_scalars(event)), result.epochs)
            self._client.set_tag(run.id, "state", str(result.state))
            if result.cause is not None:
                self._client.set_tag(run.id, "cause", str(result.cause))
            if result.duplicate_of is not None:
                self._client.set_tag(run.id, "repeats", str(result.duplicate_of))
            self._client.set_terminated(run.id, status=STATUS.get(result.state, "FINISHED"))
            del self._runs[event.proposal.number]

    def close(self) -> None:
        """End the runs of trials that have not ended, as killed."""
        with _errors():
            for run in self._runs.values():
                self._client.set_terminated(run.id, status="KILLED")
        self._runs.clear()

    def _run(self, proposal: Proposal) -> _Run:
        run = self._runs.get(proposal.number)
        if run is None:
            run = self._runs[proposal.number] = _Run(self._begin(proposal))
        return run

    def _begin(self, proposal: Proposal) -> str:
        from mlflow.entities import Param

        tags = {"trial": str(proposal.number), "origin": proposal.origin}
        if proposal.parent is not None:
            tags["continues"] = str(proposal.parent)
        name = f"trial {proposal.number}"
        run = self._client.create_run(self._experiment_id(), run_name=name, tags=tags)
        params = [Param(key, str(value)) for key, value in proposal.values.items()]
        self._client.log_batch(run.info.run_id, params=params)
        return str(run.info.run_id)

    def _experiment_id(self) -> str:
        if self._experiment is None:
            found = self._client.get_experiment_by_name(self._study)
            is_known = found is not None
            created = (
                found.experiment_id if is_known else self._client.create_experiment(self._study)
            )
            self._experiment = str(created)
        return self._experiment

    def _log(self, run: str, event: Event, values: Mapping[str, float], step: int) -> None:
        from mlflow.entities import Metric

        now = int(event.time_s * 1000)
        metrics = [Metric(name, float(value), now, step) for name, value in values.items()]
        self._client.log_batch(run, metrics=metrics)


@contextmanager
def _errors() -> Iterator[None]:
    """Turn an error of MLflow, of the network or of a driver into one line."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except (MlflowException, OSError, ImportError) as error:
        raise RecordError(" ".join(_reason(error).split())) from error


def _reason(error: BaseException) -> str:
    """The text of `error`; of a server that cannot be reached, what the network says."""
    first: BaseException | None = error
    while first is not None and (before := first.__cause__ or first.__context__) is not None:
        first = before
    if isinstance(first, OSError) and first is not error:
        return f"the server cannot be reached ({first.strerror or first})"
    return str(error)
