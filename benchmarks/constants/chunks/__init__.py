"""Where payloads are cut."""
