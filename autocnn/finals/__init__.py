"""The winner's refit and its test score; the only room that loads a test split."""
