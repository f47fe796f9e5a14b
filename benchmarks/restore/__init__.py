"""How soon a session is usable after a restore: lazily, at once, or by running it again."""
