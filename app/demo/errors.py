"""What ends the demo early."""


class DemoFailed(Exception):
    """The demo cannot go on; the message is one line for whoever started it."""
