"""The port ``Messages``: notices posted to the administrator's endpoints.

offer ──wanted, within the limits──> queue of the endpoint ──one at a time──> POST ──2xx──> sent
   └── else counted, and told with the next message                             └── tried again, then counted
"""

from leeboard.adapters.notifications.mailbox import Desk, Terms
from leeboard.adapters.notifications.notifier import Notifier

__all__ = ["Desk", "Notifier", "Terms"]
