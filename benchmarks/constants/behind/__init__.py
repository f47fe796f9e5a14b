"""How much waits to be written behind a cell."""
