"""What was tried to lose or break a store, and what came of it: counted while it runs."""
