"""All trials ranked: the table, its file, filters, merged views, and the list of studies."""
