"""Real stores for the throttle's tests: an SQLite file, and a server of its own on a free loopback port."""

import contextlib
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from valkey import Valkey
from valkey.exceptions import ValkeyError

from kerbauth.core.budget import Budget
from kerbauth.core.principal import Principal
from kerbauth.demo.realm import free_port
from kerbauth.throttle.database import Database
from kerbauth.throttle.ledger import Ledger, key_of
from kerbauth.throttle.sqlite import SqliteLedger
from kerbauth.throttle.valkey import ValkeyLedger
from kerbauth.throttle.valkey_keys import PREFIX
from kerbauth.throttle.valkey_server import Server
from kerbauth.throttle.window_storage import SqliteWindows
from kerbauth.throttle.windows import SourceWindows

WEEK = Budget(failures=3, window=604_800.0)
ALICE, ALIAS, BOB = (Principal((name,), "KA.TEST") for name in ("alice", "a.smith", "bob"))
ALICES, ALIASS, BOBS = key_of(ALICE), key_of(ALIAS), key_of(BOB)


@dataclass
class FileStore:
    """An SQLite file. Every ledger is what another process would open."""

    folder: Path

    @property
    def path(self) -> Path:
        return self.folder / "throttle.sqlite3"

    def ledger(self, budget: Budget = WEEK) -> Ledger:
        return SqliteLedger(Database(self.path), budget)

    def both(self, source: int, overall: int) -> tuple[Ledger, SourceWindows]:
        database = Database(self.path)
        return SqliteLedger(database, WEEK), SourceWindows(SqliteWindows(database), source=source, overall=overall, window=60)

    def age(self, seconds: float) -> None:
        """Let everything that is written down have happened earlier."""
        with contextlib.closing(sqlite3.connect(self.path)) as database, database:
            for table in ("attempts", "familiar", "aliases"):
                database.execute(f"UPDATE {table} SET time = time - ?", (seconds,))  # noqa: S608 -- names from the line above

    def content(self) -> bytes:
        return b"".join(file.read_bytes() for file in self.folder.iterdir())


@dataclass
class ServerStore:
    """A Redis server, which speaks what Valkey speaks."""

    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    arguments: tuple[str, ...] = ()

    def start(self) -> None:
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", *self.arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        ends = time.monotonic() + 20
        while time.monotonic() < ends:
            with contextlib.suppress(OSError, ValkeyError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.01)  # polling a port that another process opens
        raise AssertionError("the server did not start")

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    @property
    def server(self) -> Server:
        return Server(f"valkey://127.0.0.1:{self.port}/0")

    def ledger(self, budget: Budget = WEEK) -> Ledger:
        return ValkeyLedger(self.server, budget)

    def both(self, source: int, overall: int) -> tuple[Ledger, SourceWindows]:
        ledger = ValkeyLedger(self.server, WEEK)
        return ledger, SourceWindows(ledger.windows(), source=source, overall=overall, window=60)

    def client(self) -> Valkey:
        made: Valkey = Valkey(port=self.port)
        return made

    def age(self, seconds: float) -> None:
        with contextlib.closing(self.client()) as client:
            for kind in ("attempts", "familiar"):
                for key in client.scan_iter(match=f"{PREFIX}{kind}:*"):
                    for member, time_ in client.zrange(key, 0, -1, withscores=True):
                        client.zadd(key, {member: time_ - seconds})

    def content(self) -> bytes:
        with contextlib.closing(self.client()) as client:
            return b"".join(key + (client.dump(key) or b"") for key in client.scan_iter())


@contextlib.contextmanager
def running_server(*arguments: str) -> Iterator[ServerStore]:
    store = ServerStore(arguments=arguments)
    store.start()
    try:
        yield store
    finally:
        store.stop()
