"""The one loop: a key out of the queue, observe, plan, apply."""
