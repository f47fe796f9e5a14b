"""How soon a state runs on another machine: packed, with everything, with the history only."""
