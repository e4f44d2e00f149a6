"""Reasons why a pod of ours does not start: part of the API, and of more than one kind."""

from __future__ import annotations

from enum import StrEnum


class StartReason(StrEnum):
    """What keeps a pod from starting, in Kubernetes' own words where it has a stable one."""

    IMAGE_PULL_BACK_OFF = "ImagePullBackOff"
    INVALID_IMAGE_NAME = "InvalidImageName"
    IMAGE_NEVER_PULLED = "ErrImageNeverPull"
    CONTAINER_CONFIG = "CreateContainerConfigError"
    CONTAINER_CREATION = "CreateContainerError"
    CONTAINER_CREATING = "ContainerCreating"
    UNSCHEDULABLE = "Unschedulable"
    POD_NOT_CREATED = "PodNotCreated"
    QUOTA_EXCEEDED = "QuotaExceeded"
    DENIED = "Denied"
    START_ERROR = "StartError"
    NODE_REFUSED = "NodeRefused"
