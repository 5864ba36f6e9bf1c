"""What runs on a desktop, in two processes: the service (SYSTEM or root) and the helper in the person's session.

Never shipped with the app, and imports nothing of it: what the two say to each other is stated in docs/desktop.md.
"""

PROTOCOL = 1
"""Which conversation with the app the agent knows. An image bears it as its tag `Protocol`, and the doctor compares."""
