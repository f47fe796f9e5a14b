"""What moving among states costs."""
