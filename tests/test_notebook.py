"""The notebook of the documentation, run from its first cell to its last."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import nbclient
import nbformat
import pytest

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
def run(written, tmp_path_factory) -> dict[str, str]:
    """The outputs of the cells by their first line, as HTML if there is some, else as text."""
    folder = tmp_path_factory.mktemp("notebook")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([SOURCE, os.environ.get("PYTHONPATH", "")]))
        patch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")
        patch.setenv("IPYTHONDIR", str(folder / "ipython"))
        patch.setenv("JUPYTER_RUNTIME_DIR", str(folder / "runtime"))
        notebook = nbformat.from_dict(written)
        client = nbclient.NotebookClient(
            notebook,
            timeout=600,
            kernel_name="",
            km=_kernel_manager(),
            resources={"metadata": {"path": str(folder)}},
        )
        client.execute()
    return {
        cell.source.splitlines()[0]: "\n".join(map(_text, cell.outputs))
        for cell in notebook.cells
        if cell.cell_type == "code"
    }


def _kernel_manager():
    """A kernel of this Python, whether or not one is registered."""
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager

    manager = AsyncKernelManager()
    manager._kernel_spec = KernelSpec(
        argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        language="python",
    )
    return manager


def _text(output: nbformat.NotebookNode) -> str:
    data = output.get("data", {})
    return data.get("text/html") or data.get("text/plain") or output.get("text", "")


@pytest.mark.training
@pytest.mark.timeout(900)
def test_the_search_shows_a_table_of_its_trials(run):
    """The last drawing says that the search is finished, and has one row a trial."""
    page = run["study = autocnn.search("]
    assert "finished: 2 done, 0 pruned, 0 failed" in page
    assert len(re.findall("<tr", page)) == 3
    assert re.search(r"test accuracy  \d+\.\d\d %", page)


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
