"""Trainings: one job is trained once and gives one result."""
