"""A real name server on loopback: dnsmasq with the records that a test gives it."""

import asyncio
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import dns.asyncquery
import dns.exception
import dns.message

DNSMASQ: Final = "/usr/sbin/dnsmasq"
ALONE: Final = ("--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--pid-file=", "--user=", "--bind-interfaces")


def free_port() -> int:
    """A port that is free over UDP and TCP."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams, socket.socket(socket.AF_INET, socket.SOCK_STREAM) as stream:
            datagrams.bind(("127.0.0.1", 0))
            try:
                stream.bind(datagrams.getsockname())
            except OSError:
                continue
            return int(datagrams.getsockname()[1])


def srv(name: str, target: str, port: int, priority: int = 0, weight: int = 0) -> str:
    """An SRV record, as an argument of dnsmasq(8)."""
    return f"--srv-host={name},{target},{port},{priority},{weight}"


def host(name: str, address: str) -> str:
    return f"--host-record={name},{address}"


@asynccontextmanager
async def dnsmasq(*records: str, port: int = 0) -> AsyncIterator[str]:
    """Serve the records; gives `host:port`. Names under ka.test that are not among them do not exist."""
    port = port or free_port()
    command = (DNSMASQ, *ALONE, "--listen-address=127.0.0.1", f"--port={port}", "--local=/ka.test/", *records)
    process = await asyncio.create_subprocess_exec(*command, stderr=subprocess.DEVNULL)
    try:
        async with asyncio.timeout(10):
            await _serves(port)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


async def _serves(port: int) -> None:
    question = dns.message.make_query("ka.test.", "SOA")
    while True:
        try:
            await dns.asyncquery.udp(question, "127.0.0.1", port=port, timeout=0.2)
        except (dns.exception.Timeout, OSError):
            await asyncio.sleep(0.01)
        else:
            return
