"""ensession: a session database for notebooks."""
