"""A real single-node Kubernetes cluster for development, tests and the demo: see docs/local-cluster.md."""
