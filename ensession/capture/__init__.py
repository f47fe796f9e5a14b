"""What executions do to variables, and to the world: seen, not asked for."""
