"""Trackers of experiments: TensorBoard and MLflow receive what a search measures."""
