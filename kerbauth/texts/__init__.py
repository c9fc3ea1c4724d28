"""The words people read: translations, an administrator's own texts, and the choice of a language."""

from kerbauth.texts.catalogue import Texts, TextsError, available_languages, load_texts, package_locale, read_language
from kerbauth.texts.overrides import read_folder

__all__ = ["Texts", "TextsError", "available_languages", "load_texts", "package_locale", "read_folder", "read_language"]
