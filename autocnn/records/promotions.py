"""Promotions on record: trials that have an earlier one's configuration and a longer schedule."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import optuna
from optuna.trial import FrozenTrial

from autocnn.records.converter import from_json, to_json
from autocnn.records.optuna_private import one_trial
from autocnn.records.optuna_record import unreadable
from autocnn.records.own_trials import PROMOTED, PROPOSAL, is_promoted
from autocnn.trial import PROMOTED_ORIGIN, Promotion, Proposal


def promotion_notes(promotion: Promotion) -> dict[str, Any]:
    """The user attributes of the trial that `promotion` becomes."""
    return {PROMOTED: to_json(promotion)}


def promotion_of(trial: FrozenTrial) -> Promotion | None:
    """The promotion that `trial` is, or None.

    Raises: RecordError if it cannot be read.
    """
    if not is_promoted(trial):
        return None
    try:
        return from_json(trial.user_attrs[PROMOTED], Promotion)
    except ValueError as error:
        raise unreadable(trial.number, error) from error


def promoted_trials(study: optuna.Study) -> set[int]:
    """The trials of which a promotion is on record."""
    found = (promotion_of(trial) for trial in study.get_trials(deepcopy=False))
    return {promotion.of for promotion in found if promotion is not None}


def promoted_proposal(
    study: optuna.Study, promotion: Promotion, number: int, seed: int
) -> Proposal:
    """The proposal of trial `number`, which is `promotion`.

    Raises: RecordError if the proposal of the earlier trial cannot be read.
    """
    trial = one_trial(study, promotion.of)
    try:
        earlier = from_json(trial.user_attrs[PROPOSAL], Proposal)
    except ValueError as error:
        raise unreadable(promotion.of, error) from error
    return replace(
        earlier,
        number=number,
        seed=seed,
        origin=f"{PROMOTED_ORIGIN}{promotion.of}",
        last_epoch=promotion.epochs,
        first_epoch=0,
        parent=None,
        promoted_from=promotion.of,
    )
