"""Images and labels as arrays: readers, the cache, the frozen split, the fingerprint."""
