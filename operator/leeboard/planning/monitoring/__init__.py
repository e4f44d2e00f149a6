"""What monitoring says of a service: conditions, status, the ConfigMap that remembers, and what retraining is told."""
