"""What a study keeps: settings, the record of every trial, the leaderboard and the manifest."""
