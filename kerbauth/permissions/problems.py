"""What pydantic found wrong, in words for the administrator who wrote the file."""

import difflib
from collections.abc import Iterator, Sequence
from typing import Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from kerbauth.settings.fields import called, listed
from kerbauth.settings.findings import Location
from kerbauth.settings.translate import dotted

Problem = tuple[str, str]
"""A key, such as `persons[3].user` with list entries counted from 1, and what is wrong there."""

# pydantic's error types (docs.pydantic.dev, "Validation Errors") for values that TOML has.
_EXPECTED: Final = {
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "tuple_type": "a list",
    "list_type": "a list",
    "model_type": "a table",
    "dict_type": "a table",
}


def described(error: ValidationError, model: type[BaseModel], at: Location = ()) -> Iterator[Problem]:
    """Every error of a validation against `model`; `at` is where the validated table stands.

    Values are not repeated, only what sort they are: an adapter's option may be a secret in the wrong place.
    """
    for detail in error.errors(include_url=False):
        yield dotted((*at, *detail["loc"])), _sentence(detail["type"], detail, model)


def _sentence(kind: str, detail: ErrorDetails, model: type[BaseModel]) -> str:
    match kind:
        case "missing":
            said = "is missing"
        case "extra_forbidden":
            said = unknown_key(str(detail["loc"][-1]), list(model.model_fields))
        case "string_too_short":
            said = "is empty; expected text"
        case "literal_error":
            said = f"is none of the words that are known here; expected {detail['ctx']['expected']}"
        case _ if kind in _EXPECTED:
            said = f"is {called(detail['input'])}; expected {_EXPECTED[kind]}"
        case _:
            said = str(detail["msg"])
    return said


def unknown_key(key: str, known: Sequence[str]) -> str:
    """What to say of a key that is none of the known ones."""
    close = difflib.get_close_matches(key, known, n=1)
    if close:
        return f"is not known here; did you mean {listed(close)}?"
    return f"is not known here; known are {listed(known)}" if known else "is not known here; there are no keys"
