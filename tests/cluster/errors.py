"""The one error of this package."""


class ClusterError(Exception):
    """The cluster cannot be had this way; the message says why and what the reader can install or change."""
