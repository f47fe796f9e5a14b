"""Values to payloads and back: looks, fingerprints, pickling and loading."""
