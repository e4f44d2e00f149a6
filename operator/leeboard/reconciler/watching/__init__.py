"""Beside the passes: the pods of watched services are polled, what they counted is judged, and keys are queued."""
