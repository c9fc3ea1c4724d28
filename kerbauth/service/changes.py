"""What a reload changed, for the log: names of settings, files and keys; never a value, which may be a secret (an adapter's option)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from kerbauth.service.source import Loaded
from kerbauth.settings import leaves

NEEDS_RESTART: Final = (
    "server.listen",
    "server.operations_listen",
    "server.insecure_http",
    "server.max_connections",
    "server.max_connections_per_address",
    "server.header_timeout",
    "server.body_timeout",
    "server.keepalive_timeout",
    "server.runtime_directory",
    "server.workers",
    "audit",
    "throttle",
    "tracing",
)
"""Settings, and whole tables, that a running service does not change."""

_NOTHING: Final = object()


def changed_settings(before: Loaded, after: Loaded) -> tuple[str, ...]:
    """The dotted names of the settings that differ."""
    old, new = leaves(before.prepared.settings), leaves(after.prepared.settings)
    return tuple(name for name in dict.fromkeys((*old, *new)) if old.get(name, _NOTHING) != new.get(name, _NOTHING))


def needing_restart(before: Loaded, after: Loaded) -> tuple[str, ...]:
    """Those of them that only a restart takes up; whether TLS is spoken at all is one."""
    switched = (before.prepared.tls.context is None) != (after.prepared.tls.context is None)
    always = (*NEEDS_RESTART, "server.tls_certificate") if switched else NEEDS_RESTART
    return tuple(name for name in changed_settings(before, after) if any(name == each or name.startswith(f"{each}.") for each in always))


def changed_files(before: Loaded, after: Loaded) -> Iterator[str]:
    """A sentence for each file whose content differs; of a keytab also its keys, without the keys."""
    for path, digest in after.digests.items():
        if before.digests.get(path) != digest:
            yield f"{path}{_changed_keys(path, before, after)}"
    for path in before.digests.keys() - after.digests.keys():
        yield f"{path} is no longer used"


def _changed_keys(path: Path, before: Loaded, after: Loaded) -> str:
    old, new = (
        {f"kvno {key.kvno} of {key.principal} ({key.enctype_name})": None for key in loaded.prepared.keys.get(str(path), ())}
        for loaded in (before, after)
    )
    told = [f"{key} added" for key in new if key not in old] + [f"{key} removed" for key in old if key not in new]
    return f" ({', '.join(told)})" if told else ""
