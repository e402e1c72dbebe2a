"""One job trained once gives one result."""
