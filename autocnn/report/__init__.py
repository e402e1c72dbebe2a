"""Files for people: figures, sample grids, and pages in Markdown."""
