"""The report at the end of a search, which can fail without any loss."""

from __future__ import annotations

import traceback
from collections import Counter
from dataclasses import replace

from autocnn.api.reports import write_report
from autocnn.api.search_outcome import SearchOutcome
from autocnn.api.studies import read_study
from autocnn.errors import AutocnnError, Interrupted
from autocnn.records.open_study import OpenStudy, open_folder
from autocnn.trial import Listener, Progress, TrialState

REPORT = "report.html"  # in the folder of the study


def report_search(outcome: SearchOutcome, study: OpenStudy, listener: Listener) -> SearchOutcome:
    """Write the report of a search that has just ended; the outcome with the path of the report.

    There is no report of a search that did not finish. The model is exported already, so that
    an error here, or an interrupt, becomes a message; an internal error is printed as well.
    """
    if outcome.state != "finished":
        return outcome
    ended = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.STOPPED, TrialState.FAILED)
    counts = Counter({state: getattr(outcome, state) for state in ended})
    listener.progress(Progress(phase="reporting", counts=counts))
    target = study.paths.root / REPORT
    try:
        fresh = replace(open_folder(study.paths.root), given_storage=study.given_storage)
        write_report([read_study(fresh)], target)
    except Interrupted:
        listener.message("the report was not made: interrupted; `autocnn report` makes it")
        return outcome
    except Exception as error:
        if not isinstance(error, AutocnnError):
            traceback.print_exc()
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        listener.message(f"the report was not made ({reason}); `autocnn report` makes it")
        return outcome
    finally:
        listener.progress(Progress(phase=outcome.state, counts=counts))
    return replace(outcome, report=str(target))
