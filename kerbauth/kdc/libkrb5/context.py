"""One libkrb5 context with everything made in it, freed together, and never while a thread is inside."""

import functools
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Self

from cffi import FFI

from kerbauth.kdc.libkrb5.declarations import DECLARATIONS

_LIBRARY: Final = "libkrb5.so.3"  # the soname of every MIT release since 1.0; the bindings gssapi and krb5 have it loaded already

_SHOWN: Final = 200  # characters of a message that anybody needs


class LibraryError(Exception):
    """A libkrb5 function failed: `number` is the signed com_err value. The text is the library's own and may name the principal."""

    def __init__(self, number: int, text: str) -> None:
        super().__init__(text)
        self.number = number


@functools.cache
def library() -> tuple[FFI, Any]:
    """The foreign function interface and libkrb5. Its calls release the interpreter lock. Raises OSError if there is no libkrb5."""
    ffi = FFI()
    ffi.cdef(DECLARATIONS)
    return ffi, ffi.dlopen(_LIBRARY)


class Context:
    """A krb5_context and what was made in it. One thread at a time: hold it with `with` around every use.

    libkrb5 allows one thread in a context (its doc/thread-safe.txt). A task that gave up waiting does not stop the thread that works for
    it, so `close` waits until that one has left; afterwards `with` raises ClosedError.
    """

    def __init__(self) -> None:
        """Read the krb5.conf that the environment names. Raises LibraryError."""
        self.ffi, self.lib = library()
        self._inside = threading.Lock()
        self._undo: list[Callable[[], object]] = []
        self._closed = False
        self.pointer: Any = self.ffi.NULL
        made = self.ffi.new("krb5_context *")
        self.check(self.lib.krb5_init_context(made))
        self.pointer = made[0]
        self.own(lambda: self.lib.krb5_free_context(self.pointer))

    def __enter__(self) -> Self:
        self._inside.acquire()
        if self._closed:
            self._inside.release()
            raise ClosedError
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._inside.release()

    def own(self, free: Callable[[], object]) -> None:
        """Have this called, in reverse order, when the context is closed."""
        self._undo.append(free)

    def make(self, kind: str, function: Callable[..., int], *arguments: object, free: Callable[..., object]) -> Any:
        """Call a function whose last argument points to what it makes, and own that. Raises LibraryError."""
        made = self.ffi.new(f"{kind} *")
        self.check(function(self.pointer, *arguments, made))
        value = made[0]
        self.own(lambda: free(self.pointer, value))
        return value

    def check(self, number: int) -> None:
        """Raise LibraryError unless it is 0."""
        if number != 0:
            raise LibraryError(number, self._message(number))

    def principal(self, text: str) -> Any:
        """A principal from its text form with realm. Raises LibraryError."""
        return self.make("krb5_principal", self.lib.krb5_parse_name, text.encode(), free=self.lib.krb5_free_principal)

    def name(self, principal: Any) -> bytes:
        """A principal's text form. Raises LibraryError."""
        text = self.ffi.new("char **")
        self.check(self.lib.krb5_unparse_name(self.pointer, principal, text))
        try:
            return self.string(text[0])
        finally:
            self.lib.krb5_free_unparsed_name(self.pointer, text[0])

    def data(self, content: bytes) -> tuple[Any, Any]:
        """A krb5_data over a copy of the bytes, and the copy, which must be kept as long as it is used."""
        kept = self.ffi.from_buffer("char[]", bytearray(content)) if content else self.ffi.new("char[1]")
        return self.ffi.new("krb5_data *", {"magic": 0, "length": len(content), "data": kept}), kept

    def taken(self, data: Any) -> bytes:
        """The bytes of a krb5_data that the library filled, which is freed."""
        content = bytes(self.ffi.buffer(data.data, data.length)) if data.length else b""
        self.lib.krb5_free_data_contents(self.pointer, data)
        return content

    def close(self) -> None:
        """Free everything, once no thread is inside. May wait for one; a second time does nothing."""
        with self._inside:
            self._free()

    def close_if_idle(self) -> bool:
        """Free everything if no thread is inside. Whether that was done; waits for nothing."""
        if not self._inside.acquire(blocking=False):
            return False
        try:
            self._free()
        finally:
            self._inside.release()
        return True

    def _free(self) -> None:
        self._closed = True
        while self._undo:
            self._undo.pop()()

    def string(self, text: Any) -> bytes:
        """A C string that the library still owns."""
        content = self.ffi.string(text)
        return content if isinstance(content, bytes) else content.encode()

    def _message(self, number: int) -> str:
        if self.pointer == self.ffi.NULL:
            return f"libkrb5 cannot be used (error {number})"
        text = self.lib.krb5_get_error_message(self.pointer, number)
        try:
            return self.string(text).decode(errors="replace")[:_SHOWN]
        finally:
            self.lib.krb5_free_error_message(self.pointer, text)


class ClosedError(Exception):
    """The context was closed: whoever it worked for has gone."""
