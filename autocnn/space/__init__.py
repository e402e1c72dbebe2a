"""What may vary: parameters, conditions, TOML, configurations, layers and their cost."""
