"""Reading a configuration file: everything that is wrong is found at once."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import ValidationError

from kerbauth.core.problem import Problem
from kerbauth.settings.environment import Overlay
from kerbauth.settings.findings import Reading
from kerbauth.settings.model import Settings
from kerbauth.settings.toml_file import read_toml
from kerbauth.settings.translate import problems


class SettingsError(Exception):
    """The settings cannot be used. `problems` are all the reasons found, in the order of the settings' tables."""

    def __init__(self, found: Iterable[Problem]) -> None:
        self.problems = tuple(found)
        super().__init__("\n".join(map(str, self.problems)))


def load(path: Path, environ: Mapping[str, str]) -> Settings:
    """Read the configuration file and the files it names, with the `KERBAUTH__…` variables laid over it.

    Relative paths start at the file's folder, those from variables too. Whether keytabs are fit and adapters take their options is
    not looked at here. Raises SettingsError with every problem, none of which repeats a secret.
    """
    document = read_toml(path)
    if isinstance(document, Problem):
        raise SettingsError([document])
    overlay = Overlay(document, environ)
    try:
        # absolute, not resolved: where the file is a symbolic link, its neighbours are the link's
        settings = Settings.model_validate(overlay.document, context=Reading(path.absolute().parent, environ))
    except ValidationError as error:
        # `from None`: pydantic's error holds the values it found
        raise SettingsError([*overlay.problems, *problems(error, str(path), overlay)]) from None
    if overlay.problems:
        raise SettingsError(overlay.problems)
    return settings
