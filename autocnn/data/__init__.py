"""Images and labels as arrays: readers, the frozen split, the fingerprint."""
