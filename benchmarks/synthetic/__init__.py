"""Synthetic notebooks, each with one question."""
