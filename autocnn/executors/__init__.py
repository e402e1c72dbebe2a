"""Where a job is trained: worker processes of this machine."""
