import re
from pathlib import Path

import pytest

from kerbauth.kdc.krb5conf import render

PLUGINS = Path("/run/x/plugins")


def test_libkrb5_has_nobody_to_ask() -> None:
    text = render(PLUGINS)
    assert "dns_lookup_kdc = false" in text
    assert "dns_uri_lookup = false" in text
    assert "dns_lookup_realm = false" in text
    assert "dns_canonicalize_hostname = false" in text
    assert not re.search(r"\bkdc =|\[realms\]|default_realm", text)


def test_the_plugin_folder_is_named() -> None:
    assert "    plugin_base_dir = /run/x/plugins\n" in render(PLUGINS)


@pytest.mark.parametrize("folder", ["/run/x y", "/run/x\nkdc = evil", "/run/x}", "relative", "/run/#x"])
def test_a_folder_that_the_format_cannot_hold_is_refused(folder: str) -> None:
    with pytest.raises(ValueError, match="folder"):
        render(Path(folder))
