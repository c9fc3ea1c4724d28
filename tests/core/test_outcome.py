import pytest

from kerbauth.core.outcome import Granted
from kerbauth.core.principal import Principal


def test_a_grant_without_a_user_name_cannot_be_built() -> None:
    with pytest.raises(ValueError, match="user name"):
        Granted("", Principal(("alice",), "KA.TEST"), None)
