"""What people see: the live screen, tables, pages for one trial or space, the closing lines."""
