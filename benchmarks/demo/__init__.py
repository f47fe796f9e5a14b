"""Record, kill, copy, restore: the demo on real data."""
