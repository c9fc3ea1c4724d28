"""Name mappers for tests that are about something else."""

from kerbauth.core.mapping import NameMapper, NameRules


def plain_mapper(*realms: str) -> NameMapper:
    """Every name is its own user name."""
    return NameMapper({realm: NameRules() for realm in realms})
