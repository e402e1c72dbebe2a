"""The page of a search while it runs: made and served by a process beside the search."""

from __future__ import annotations

import socket
import threading
import time
import traceback
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from autocnn.api.reports import draw_figures, report_of
from autocnn.api.studies import read_study
from autocnn.api.watch_search import LastPage
from autocnn.errors import AutocnnError
from autocnn.records.open_study import open_folder
from autocnn.records.optuna_record import silence_optuna
from autocnn.report.study_page import render_page, render_waiting
from autocnn.serve.followed_page import FollowedPage, serving
from autocnn.side_process import Say

MAKE_EVERY_S = 10.0  # at least, between two pages
MAKE_PAUSE = 10  # times the CPU seconds of a page, at least, between two
LAST_S = 4.0  # for a browser to fetch the last page
LATER = "Images, mistakes and feature maps follow at the end of the search."


def follow_study(
    inbox: Iterable[str | LastPage],
    say: Say,
    bound: socket.socket,
    root: Path,
    storage: str | None,
) -> None:
    """The work of the process: serve the page of the study, and make it again as trials end."""
    silence_optuna()
    page = FollowedPage(html=render_waiting(root.name, "0"), version="0")
    maker, ended = PageMaker(root, storage, page, say), threading.Event()
    thread = threading.Thread(target=maker.run, args=(ended,), daemon=True)
    with serving(page, bound):
        thread.start()
        for item in inbox:
            if isinstance(item, LastPage):
                ended.set()
                page.put(item.file.read_text(encoding="utf-8"), "last")
                page.wait_for_followers(LAST_S)
            else:
                page.line = item
        ended.set()


class PageMaker:
    """Makes the page of a study again and again, at little cost."""

    def __init__(self, root: Path, storage: str | None, page: FollowedPage, say: Say) -> None:
        self._root, self._storage, self._page, self._say = root, storage, page, say
        self._n_made = 0
        self._made_of = (0, 0)  # time and size of the leaderboard
        self._said: set[str] = set()

    def run(self, ended: threading.Event) -> None:
        """Make pages until the search has ended, with a pause in proportion to their CPU time."""
        while not ended.is_set():
            start = time.process_time()
            self.make()
            pause = max(MAKE_EVERY_S, MAKE_PAUSE * (time.process_time() - start))
            ended.wait(pause)

    def make(self) -> None:
        """Make the page if trials have ended since the last time; a failure is said once."""
        try:
            self._make()
        except Exception as error:
            is_known = isinstance(error, AutocnnError)
            text = " ".join(f"{type(error).__name__}: {error}".split())
            if text not in self._said:
                self._said.add(text)
                trace = "" if is_known else traceback.format_exc()
                self._say(f"the page was not updated ({text}); the search goes on", trace)

    def _make(self) -> None:
        study = replace(open_folder(self._root), given_storage=self._storage)
        if not study.exists or not study.paths.leaderboard.exists():
            return  # no trial has ended
        written = study.paths.leaderboard.stat()  # by the search, some seconds after a trial
        if (written.st_mtime_ns, written.st_size) == self._made_of:
            return
        view = read_study(study)
        version = str(self._n_made + 1)
        found = [(replace(report_of(view), missing=LATER), draw_figures(view))]
        self._page.put(render_page(found, version=version), version)
        self._n_made += 1
        self._made_of = written.st_mtime_ns, written.st_size
