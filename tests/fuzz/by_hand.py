"""Many cases by hand, `scripts/fuzz --cases 3000 --first 1000`; one, `scripts/fuzz --case 17`."""

from __future__ import annotations

import argparse
import math
import re
import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path

from fuzz.cases import Result, run_case, run_stored
from fuzz.stored import make_studies


def main() -> None:
    """Run the cases; print each fault once, with how often it was, and the totals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=300)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--case", type=int, help="only this one, with its output")
    parser.add_argument(
        "--stored", action="store_true", help="each file of a study, each damage, each command"
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=math.inf,
        help="no case begins later; the total says how many ran",
    )
    asked = parser.parse_args()
    first, n = (asked.first, asked.cases) if asked.case is None else (asked.case, 1)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        results = make_studies(root)
        begun, codes = time.process_time(), Counter[int]()
        kinds: dict[str, list[Result]] = {}
        until = time.monotonic() + asked.seconds
        for number in range(first, first + n):
            if time.monotonic() > until:
                n = number - first
                break
            folder = root / "case"
            folder.mkdir()
            done = (run_stored if asked.stored else run_case)(number, results, folder)
            shutil.rmtree(folder)
            if done is None:
                n = number - first
                break
            codes[done.outcome.code] += 1
            for fault in done.faults:
                found = kinds.setdefault(_kind(fault), [])
                found.append(done)
                if len(found) == 1:  # at once: a run may be ended before its end
                    print(done, flush=True)
            if asked.case is not None:
                print(done, done.outcome.out[:4000], done.outcome.err, sep="\n")
    for kind, found in sorted(kinds.items(), key=lambda item: -len(item[1])):
        print(f"{len(found)} x {kind}, as in case {found[0].number}")
    traces = sum(bool(done.outcome.trace) for found in kinds.values() for done in found)
    print(f"{n} cases from {first}: exit codes {dict(sorted(codes.items()))}, {traces} tracebacks,")
    print(f"{len(kinds)} kinds of fault, {time.process_time() - begun:.0f} CPU seconds")


def _kind(fault: str) -> str:
    """The fault without what differs from case to case."""
    place = fault.rpartition("[")[2]
    return (
        f"{fault.partition(':')[0]} [{place}" if ":" in place else re.sub(r"\d+", "N", fault)[:80]
    )


if __name__ == "__main__":
    main()
