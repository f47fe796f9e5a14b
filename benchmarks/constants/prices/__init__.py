"""What loading and storing are taken to cost before anything was measured."""
