"""The API server, by raw dicts: one gate for writes, a cache of our own, and the Lease."""
