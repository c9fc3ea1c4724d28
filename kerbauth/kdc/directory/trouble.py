"""What can become of asking a directory."""


class DirectoryError(Exception):
    """A directory server gave no answer that can be believed. The message is one sentence for a log, with nothing of a ticket in it."""
