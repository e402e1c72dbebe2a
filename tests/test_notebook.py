"""The notebook of the documentation, run from its first cell to its last."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import nbclient
import nbformat
import pytest
from jupyter_client.manager import start_new_kernel

import autocnn

NOTEBOOK = Path(__file__).parents[1] / "docs" / "tutorials" / "notebook.ipynb"
SOURCE = str(Path(__file__).parents[1])


@pytest.fixture(scope="module")
def written() -> nbformat.NotebookNode:
    """The notebook as it is committed."""
    return nbformat.read(NOTEBOOK, as_version=4)


def test_no_outputs_are_committed(written):
    """They would be out of date with the next change."""
    assert [
        cell.outputs for cell in written.cells if cell.cell_type == "code" and cell.outputs
    ] == []
    assert {c.execution_count for c in written.cells if c.cell_type == "code"} == {None}


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> Iterator[None]:
    """Kernels import the package of this repository, and write no settings of the user."""
    folder = tmp_path_factory.mktemp("jupyter")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([SOURCE, os.environ.get("PYTHONPATH", "")]))
        patch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")
        patch.setenv("IPYTHONDIR", str(folder / "ipython"))
        patch.setenv("JUPYTER_RUNTIME_DIR", str(folder / "runtime"))
        yield


@pytest.fixture(scope="module")
def run(written, environment, tmp_path_factory) -> dict[str, str]:
    """The outputs of the cells by their first line, as HTML if there is some, else as text."""
    folder = tmp_path_factory.mktemp("notebook")
    notebook = nbformat.from_dict(written)
    resources = {"metadata": {"path": str(folder)}}
    nbclient.NotebookClient(notebook, timeout=600, resources=resources).execute()
    return {
        cell.source.splitlines()[0]: "\n".join(map(_text, cell.outputs))
        for cell in notebook.cells
        if cell.cell_type == "code"
    }


def _text(output: nbformat.NotebookNode) -> str:
    data = output.get("data", {})
    return data.get("text/html") or data.get("text/plain") or output.get("text", "")


@pytest.mark.training
@pytest.mark.timeout(900)
def test_the_search_shows_a_table_of_its_trials(run):
    """The last drawing says that the search is finished, and has one row a trial."""
    page = run["study = autocnn.search("]
    assert re.search(r"finished: \d done, \d pruned, 0 failed", page)
    assert len(re.findall("<tr", page)) == 3
    assert re.search(r"test accuracy  \d+\.\d\d %", page)
    assert "Warning" not in page


@pytest.mark.training
def test_the_study_is_shown_as_html(run):
    """It names the study, and has the test score and the trials."""
    assert "Study digits-first-look" in run["study"]
    assert "2 trials" in run["study"]


@pytest.mark.training
def test_the_other_cells_give_what_they_promise(run):
    """A table, probabilities, an accuracy, a picture and files."""
    assert run[
        'table = study.leaderboard(columns=["rank", "trial", "state", "score", "parameters"])'
    ]
    assert run["probabilities = study.predict(x_new)"].startswith("((297, 10),")
    assert "of 297 images" in run["evaluation = autocnn.evaluate(study, x_new, y_new).evaluation"]
    assert "Picture history" in run['autocnn.plot("history", study)']
    assert "report.html" in run['study.report("report.html")']
    assert "digits.keras" in run['again = autocnn.load_study("digits-first-look")']


@pytest.mark.slow
@pytest.mark.training
@pytest.mark.timeout(600)
def test_the_interruption_of_a_kernel_leaves_a_study(tmp_path, environment):
    """The cell ends without an error, and the study that it gives can go on."""
    manager, client = start_new_kernel(cwd=str(tmp_path))
    try:
        client.execute(
            "import autocnn\n"
            "study = autocnn.search('digits', trials=50, epochs=2, folds=1, study='cut')"
        )
        _wait_for(client, lambda text: "trial 0" in text)
        manager.interrupt_kernel()
        assert client.get_shell_msg(timeout=300)["content"]["status"] == "ok"
        client.execute("print(study.state)")
        _wait_for(client, lambda text: text == "unfinished\n")
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert autocnn.load_study("cut", tmp_path / "results").state == "unfinished"


def _wait_for(client, is_found, seconds=300):
    """Read the outputs of a kernel until one is the right one."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        message = client.get_iopub_msg(timeout=seconds)
        if message["msg_type"] == "error":
            raise AssertionError("\n".join(message["content"]["traceback"]))
        if is_found(_text(message["content"])):
            return
    raise AssertionError("the output did not come")
