"""The chart installed on the local cluster, real pods: what a user sees, and nothing of the inside."""
