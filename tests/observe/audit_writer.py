"""A process that writes audit records and says, for each, on standard output once it was told that it is written.

python -m tests.observe.audit_writer FILE NAME COUNT [ROTATE_BYTES]
"""

import asyncio
import os
import sys

from kerbauth.observe.audit_file import AuditFile
from kerbauth.observe.audit_store import AuditOptions
from kerbauth.ports import AuditError
from tests.observe.records import granted
from tests.observe.sealed import SECRET

WAITING = 4  # logins at once


async def main(path: str, name: str, count: str, rotate_bytes: str = "0") -> None:
    """Write the records; standard input ends it early."""
    file = AuditFile(path, SECRET, AuditOptions(rotate_bytes=int(rotate_bytes)))
    numbers = iter(range(int(count)))

    async def attempts() -> None:
        for number in numbers:
            try:
                await file.write(granted(user=f"{name}{number}"))
            except AuditError as error:
                os.write(2, f"{error}\n".encode())
            else:
                os.write(1, f"{name}{number}\n".encode())

    await asyncio.gather(*(attempts() for _ in range(WAITING)))
    file.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
