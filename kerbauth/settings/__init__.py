"""The settings: one TOML file and some environment variables, read once, checked as a whole, and never changed."""

from kerbauth.core.problem import Problem
from kerbauth.settings.alarm import AlarmSettings
from kerbauth.settings.audit import STANDARD_OUTPUT, AuditSettings
from kerbauth.settings.clients import ClientSettings
from kerbauth.settings.kdcs import DnsSettings, Fast, RealmKind, Transport
from kerbauth.settings.leaves import leaves, named_files
from kerbauth.settings.load import SettingsError, load
from kerbauth.settings.model import MessageSettings, PermissionSettings, Settings
from kerbauth.settings.names import name_rules, realm_names
from kerbauth.settings.realm_names import NameSettings, RuleSettings
from kerbauth.settings.realms import RealmSettings
from kerbauth.settings.reference import reference, reference_markdown
from kerbauth.settings.secret_files import SecretFileError, read_secret_file
from kerbauth.settings.server import LogFormat, LogLevel, ServerSettings, is_loopback
from kerbauth.settings.throttle import ThrottleSettings
from kerbauth.settings.tracing import TracingSettings

__all__ = [
    "STANDARD_OUTPUT",
    "AlarmSettings",
    "AuditSettings",
    "ClientSettings",
    "DnsSettings",
    "Fast",
    "LogFormat",
    "LogLevel",
    "MessageSettings",
    "NameSettings",
    "PermissionSettings",
    "Problem",
    "RealmKind",
    "RealmSettings",
    "RuleSettings",
    "SecretFileError",
    "ServerSettings",
    "Settings",
    "SettingsError",
    "ThrottleSettings",
    "TracingSettings",
    "Transport",
    "is_loopback",
    "leaves",
    "load",
    "name_rules",
    "named_files",
    "read_secret_file",
    "realm_names",
    "reference",
    "reference_markdown",
]
