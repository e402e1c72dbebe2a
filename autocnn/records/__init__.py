"""A study's folder and record: settings, facts, trials, finals, the database, leases and locks."""
