"""The throttle, from its settings."""

from pathlib import Path
from typing import Final

from kerbauth.assembly.errors import StartError
from kerbauth.core.budget import Budget
from kerbauth.settings import Settings, ThrottleSettings, read_secret_file
from kerbauth.throttle.database import IN_MEMORY, Database
from kerbauth.throttle.keeper import NoThrottle, PasswordThrottle
from kerbauth.throttle.ledger import Ledger
from kerbauth.throttle.sqlite import SqliteLedger
from kerbauth.throttle.tiers import ThrottleObserver, Tier
from kerbauth.throttle.valkey import ValkeyLedger
from kerbauth.throttle.valkey_server import Server
from kerbauth.throttle.window_storage import SqliteWindows
from kerbauth.throttle.windows import SourceWindows, Storage

LOCAL_FILE: Final = "throttle.sqlite3"
"""The name of the machine's own ledger, in the runtime folder."""


def throttle_of(wanted: ThrottleSettings, folder: Path, observer: ThrottleObserver, workers: int = 1) -> PasswordThrottle | NoThrottle:
    """The throttle of this process: it counts in the shared server if there is one, else in the machine's own file in the runtime folder,
    and if that fails too, in this process's memory, which has the worker's share of the budget. Opens nothing yet.
    """
    if not wanted.enabled:
        return NoThrottle()
    tiers = [_local(wanted, "file", folder / LOCAL_FILE), _local(wanted, "memory", IN_MEMORY, workers)]
    if wanted.valkey is not None:
        ledger = ValkeyLedger(_server(wanted), _budget(wanted))
        tiers.insert(0, Tier("shared server", ledger, _windows(wanted, ledger.windows())))
    return PasswordThrottle(tiers, observer, wanted.repeat_seconds)


def ledgers(settings: Settings) -> dict[str, Ledger]:
    """The stores that a running service counts in, by name, for a command. Raises StartError if there is none that a command can find."""
    wanted, folder = settings.throttle, settings.server.runtime_directory
    if not wanted.enabled:
        raise StartError(["throttle.enabled = false: nothing is counted"])
    found: dict[str, Ledger] = {}
    if wanted.valkey is not None:
        found["shared server"] = ValkeyLedger(_server(wanted), _budget(wanted))
    if folder is not None and (folder / LOCAL_FILE).exists():
        found["file"] = SqliteLedger(Database(folder / LOCAL_FILE), _budget(wanted))
    if folder is None and wanted.valkey is None:
        msg = "the counts are in a folder that only the running service knows; set server.runtime_directory, and they are found"
        raise StartError([msg])
    return found


def _budget(wanted: ThrottleSettings, workers: int = 1) -> Budget:
    """An account's budget; of one that several workers count without knowing of each other, one worker's share, but not less than one."""
    failures = max(1, wanted.account_failures // workers)
    return Budget(failures, wanted.window, min(wanted.reserve, failures - 1), wanted.pause)


def _local(wanted: ThrottleSettings, name: str, path: Path | str, workers: int = 1) -> Tier:
    database = Database(path)
    return Tier(name, SqliteLedger(database, _budget(wanted, workers)), _windows(wanted, SqliteWindows(database)))


def _windows(wanted: ThrottleSettings, storage: Storage) -> SourceWindows:
    return SourceWindows(storage, source=wanted.source_failures, overall=wanted.overall_failures, window=wanted.window)


def _server(wanted: ThrottleSettings) -> Server:
    password = None if wanted.valkey_password_file is None else read_secret_file(wanted.valkey_password_file)
    return Server(wanted.valkey or "", wanted.valkey_user, password, wanted.valkey_ca)
