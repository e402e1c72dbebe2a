"""What a search for the smallest network need not train: networks that are not smaller."""

from __future__ import annotations

from dataclasses import dataclass

from autocnn.space.layers import Network
from autocnn.study.tally import Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeCheck:
    """Refuses networks that could not win, because a smaller one reaches the target already."""

    tally: Tally

    def reason(self, network: Network) -> str:
        """The reason why a trial of `network` is refused, or ""."""
        leader = self.tally.leader
        if leader is None or not self.tally.objective.is_enough(leader.score):
            return ""
        if network.parameters < leader.parameters:
            return ""
        return (
            f"{network.parameters:,} parameters are not fewer than the {leader.parameters:,} of "
            f"trial {leader.number}, which reaches the target"
        )
