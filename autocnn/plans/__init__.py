"""Fixed lists of trainings: the ablation of a trial, the comparison of known networks."""
