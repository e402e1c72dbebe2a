"""The refit of the winner and its test score; the only room that loads a test split."""
