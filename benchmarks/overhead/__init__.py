"""What recording costs a trivial cell, and a kernel at its start."""
