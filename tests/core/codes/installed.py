"""What the installed krb5 says of its own codes: its public headers, its error tables in memory, and its SPNEGO table on disk."""

import ctypes
import ctypes.util
import re
import shutil
import struct
import subprocess
from pathlib import Path

import gssapi

_DEFINE = re.compile(r"^#define\s+(\w+)\s+\((-?\d+)L\)", re.MULTILINE)
_RESULT = re.compile(r"^#define\s+KRB5_(KPASSWD_\w+)\s+(\d+)", re.MULTILINE)
_GSS = re.compile(
    r"^#define\s+(GSS_S_\w+)[\s\\]+\({1,3}(?:\(OM_uint32\)\s*)?(\d+)(?:ul)?\)?\s*<<\s*\(?GSS_C_(ROUTINE_ERROR|CALLING_ERROR|SUPPLEMENTARY)_OFFSET"
    r"(?:\s*\+\s*(\d+))?\)",
    re.MULTILINE,
)
_SHIFTS = {"ROUTINE_ERROR": 16, "CALLING_ERROR": 24, "SUPPLEMENTARY": 0}


def header(name: str) -> str:
    """The text of one of krb5's public headers, which libkrb5-dev installs; `make` installs that."""
    for folder in _include_folders():
        path = folder / name
        if path.exists():
            return path.read_text(encoding="utf-8", errors="replace")
    message = f"{name} is not installed: the headers of krb5 (libkrb5-dev) are needed to build kerbauth's dependencies too"
    raise FileNotFoundError(message)


def _include_folders() -> list[Path]:
    folders = [Path("/usr/include"), Path("/usr/include/mit-krb5"), Path("/usr/local/include")]
    tool = shutil.which("krb5-config")
    if tool:
        flags = subprocess.run([tool, "--cflags"], check=True, capture_output=True, text=True).stdout.split()
        folders = [Path(flag.removeprefix("-I")) for flag in flags if flag.startswith("-I")] + folders
    return folders


def com_err_defines() -> dict[str, int]:
    """Every code of the com_err tables in krb5.h by its macro, without the tables' bases and the numbers kept free."""
    found = {name: int(number) for name, number in _DEFINE.findall(header("krb5/krb5.h"))}
    return {name: number for name, number in found.items() if not name.startswith(("ERROR_TABLE_BASE_", "KRB5PLACEHOLD_"))}


def com_err_bases() -> dict[str, int]:
    """The bases of the com_err tables in krb5.h by the table's name."""
    found = _DEFINE.findall(header("krb5/krb5.h"))
    return {name.removeprefix("ERROR_TABLE_BASE_"): int(number) for name, number in found if name.startswith("ERROR_TABLE_BASE_")}


def kpasswd_defines() -> dict[str, int]:
    """The results of the password-changing service in krb5.h."""
    return {name: int(number) for name, number in _RESULT.findall(header("krb5/krb5.h"))}


def gss_major_defines() -> dict[str, int]:
    """The major statuses in gssapi.h: routine errors, calling errors and supplementary bits."""
    found = _GSS.findall(header("gssapi/gssapi.h"))
    return {name: int(number) << (_SHIFTS[field] + int(bit or 0)) for name, number, field, bit in found}


def numbers_in_memory(table: str, base: int) -> set[int]:
    """The row numbers for which the com_err table that GSSAPI has registered holds a text."""
    gssapi.Name("nobody", gssapi.NameType.user).canonicalize(gssapi.MechType.kerberos)  # registers the tables of the krb5 mechanism
    library = ctypes.CDLL(ctypes.util.find_library("com_err") or "libcom_err.so.2")
    library.error_message.restype = ctypes.c_char_p
    library.error_message.argtypes = [ctypes.c_long]
    return {number for number in range(256) if library.error_message(base + number) != f"Unknown code {table} {number}".encode()}


def spnego_numbers(base: int) -> set[int]:
    """The row numbers in the SPNEGO mechanism's table of texts, which no function shows: read from the library's file.

    The table (msg_table in lib/gssapi/spnego/spnego_mech.c) is an array of { OM_uint32 status; const char *text; }.
    """
    mapped = Path("/proc/self/maps").read_text(encoding="ascii", errors="replace").splitlines()
    path = next(Path(line.split()[-1]) for line in mapped if "libgssapi_krb5.so" in line)
    content = path.read_bytes()
    stride = 2 * struct.calcsize("P")
    place = next(
        match.start()
        for match in re.finditer(re.escape(struct.pack("@I", base + 1)), content)
        if content[match.start() + stride : match.start() + stride + 4] == struct.pack("@I", base + 2)
    )
    found: set[int] = set()
    while True:
        (number,) = struct.unpack_from("@I", content, place)
        if number - base not in range(256):
            return found
        found.add(number - base)
        place += stride
