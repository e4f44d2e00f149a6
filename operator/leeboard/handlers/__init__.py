"""kopf, and only kopf: watch events in, keys out."""
