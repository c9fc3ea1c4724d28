"""What the tests of this folder ask of the reader."""

from kerbauth.kdc.pac.reader import Pac, PacProblem, read_pac


def read(data: bytes) -> Pac:
    found = read_pac(data)
    assert isinstance(found, Pac), found.sentence
    return found


def problem(data: bytes) -> str:
    found = read_pac(data)
    assert isinstance(found, PacProblem)
    return found.sentence
