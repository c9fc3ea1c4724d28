"""Writes docs/reference/settings.md from the settings' models: `python -m tools.reference_settings`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from kerbauth.settings.environment import variables
from kerbauth.settings.reference import reference_markdown

ROOT: Final = Path(__file__).resolve().parents[1]

_HEAD: Final = """# Settings

<!-- Written by `python -m tools.reference_settings` from the models in the code; do not edit. -->

One TOML file in UTF-8. A setting that is not listed here is an error, and so is a value of another type than the one given.
Everything that is wrong with the file, and with the files it names, is reported at once; `kerbauth config check` does nothing else.

Relative paths start at the file's folder. Durations are seconds. Secrets are never in this file, only in files that it names.
List entries in messages count from 1: `rules[2]` is the second.

The smallest file that works:

```toml
[realms."CORP.EXAMPLE"]
kind = "mit"
keytab = "kerbauth.keytab"
service = "HTTP/sso.corp.example"

[permissions]
adapter = "static"
file = "permissions.toml"
```
"""

_ENVIRONMENT: Final = """## Environment variables

A variable wins over the file. Its value is written as it is, without quotes; `true` or `false` for switches. An adapter's own
settings are set like `KERBAUTH__PERMISSIONS__FILE`; there what reads as a number, or as `true` or `false`, is taken as one. A
variable that begins with `KERBAUTH__` and is not known is an error.

"""

_MAP_FILE: Final = """## The file of exceptions

`map_file` names a comma-separated file in UTF-8; a byte order mark is ignored, and quoting is that of RFC 4180. Its first line is
exactly `principal,user`. Every further line has a proved name without its realm, and a Genesys user name. Blank lines count for
nothing. Blanks around a name are an error, and so is a name that stands twice, in the file or in `map`.

```csv
principal,user
a.smith,asmith2
alice/admin,alice-admin
"miller, jo",jmiller
```

## Your own texts

`messages.overrides` names a folder with one TOML file per language, such as `en.toml`. Each line has a
[reason](reasons.md) or a [code](codes.md) and the text users shall read instead of the built-in one: one line of at most 500
characters. A code's text comes before its reason's; it is shown only where disclosure is full. A number that stands in several
tables needs its table's name before it. A text for `password-expires-soon` or `account-expires-soon` takes the place of the one that
says in how many days.

```toml
account-locked = "Your account is locked. Call the service desk, 4711."
KDC_ERR_KEY_EXPIRED = "Your password has expired. Change it on your PC."
"ntstatus:0xC0000072" = "Your account is switched off. Ask your team leader."
```
"""


def render() -> Mapping[str, str]:
    """The page by its path below the project's root."""
    listed = "\n".join(f"- `{name}`" for name in variables())
    page = f"{_HEAD}\n{reference_markdown()}\n\n{_ENVIRONMENT}{listed}\n\n{_MAP_FILE}"
    return {"docs/reference/settings.md": page}


def main() -> None:
    """Write the page."""
    for path, text in render().items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
