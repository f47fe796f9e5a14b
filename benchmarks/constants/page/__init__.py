"""How large the pages of a store are."""
