"""How long queries and plans take as a history grows."""
