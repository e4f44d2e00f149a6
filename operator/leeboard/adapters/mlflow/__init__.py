"""MLflow by mlflow-skinny: on threads of its own, with short time-outs, and behind a circuit breaker."""
