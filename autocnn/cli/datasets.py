"""`autocnn datasets`: the data sets known by name."""

from __future__ import annotations


def datasets() -> None:
    """List the data sets and whether they are on this machine."""
    import autocnn.api as api
    from autocnn.report.datasets import render_datasets
    from autocnn.report.terminal import print_wide

    print_wide(render_datasets(api.list_datasets()))
