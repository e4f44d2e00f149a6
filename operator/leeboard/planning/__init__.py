"""What should be: pure functions from a resource and observed facts to a plan."""
