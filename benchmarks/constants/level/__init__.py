"""How hard chunks are compressed, and which."""
