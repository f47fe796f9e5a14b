"""ensession beside everybody else: the same notebooks, in the same minutes, judged by the same judge."""
