"""What is printed: the live screen, tables, charts, pages for one trial or space, closing lines."""
