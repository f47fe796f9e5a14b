"""Measurements of ensession; run from the repository, not part of the package."""
