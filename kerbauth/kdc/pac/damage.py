"""What is wrong with a PAC, and reading its text."""

from typing import Final

PADDING: Final = 8
"""What stands at a multiple of 8 bytes has fewer than 8 before it that mean nothing (MS-PAC 2.3, MS-RPCE 2.2.6.2)."""


class PacError(ValueError):
    """These bytes are not what was expected; the message is a sentence. Never leaves `kerbauth.kdc.pac`."""


def utf16(data: bytes, what: str) -> str:
    """The text that these bytes are, in UTF-16 with the lower byte first. `what` says in an error's sentence whose text it is.

    A NUL is refused: it would end the name for whoever reads it in C, and go on for us. Raises PacError.
    """
    try:
        text = data.decode("utf-16-le")
    except UnicodeDecodeError:
        msg = f"{what} is not in UTF-16."
        raise PacError(msg) from None
    if "\0" in text:
        msg = f"{what} holds a NUL."
        raise PacError(msg)
    return text


def only_padding(data: bytes, what: str) -> None:
    """Refuse what stands behind the end of something, unless it fills up to a multiple of 8 with zeros. Raises PacError."""
    if len(data) >= PADDING or any(data):
        msg = f"There is something behind {what}."
        raise PacError(msg)
