"""A model behind an address on this machine: a page, and JSON for programs."""
