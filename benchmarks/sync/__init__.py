"""What bringing two copies of a big session together moves, survives, and takes."""
