"""Realistic notebooks, each recorded, killed, restored elsewhere and compared with what it was."""
