"""A trained network as one object, for everything that predicts with it."""
