"""The loop: propose, train, record, report back."""
