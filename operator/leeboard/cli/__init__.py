"""The command line of people: looks at resources, asks something of services, checks manifests before they are applied.

It holds no state and no rights of its own: everything goes through the API server as whoever calls it. Nothing here
loads kopf, MLflow or NumPy, and the client of the API server is imported by the commands that need it only.
"""
