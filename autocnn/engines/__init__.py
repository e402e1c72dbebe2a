"""What proposes configurations: search libraries behind one protocol, and the recipes."""
