"""Every file that a model leaves in, each checked against the network before it appears."""
