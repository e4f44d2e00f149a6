"""An MLflow model as a component of seldon-core's microservice wrapper."""
