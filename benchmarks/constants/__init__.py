"""One folder per design constant: a script, the data that it measured, and the conclusion."""
