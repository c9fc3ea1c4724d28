"""Finding the adapter that the settings name: built in, or an installed package's by its entry point; never because it is installed.

Here, and in `foreign.py`, exceptions of other people's code are caught: behind it there are only answers and AdapterOptionsError.
"""

from collections.abc import Mapping
from importlib.metadata import EntryPoint, EntryPoints, entry_points
from typing import Final

from kerbauth.core.text import shown
from kerbauth.permissions import groups, none, static
from kerbauth.permissions.adapter import AdapterContext, AdapterFactory, AdapterOptionsError
from kerbauth.permissions.foreign import ForeignSource, lacking, place_of
from kerbauth.ports import PermissionSource

GROUP: Final = "kerbauth.permissions"
"""The entry-point group in which a package offers adapters; an entry point's name is the adapter's."""

BUILT_IN: Final[Mapping[str, AdapterFactory]] = {
    "none": none.open_source,
    "static": static.open_source,
    "groups": groups.open_source,
}
"""The adapters that come with kerbauth. An entry point of the same name is never looked at."""


def open_source(adapter: str, options: Mapping[str, object], context: AdapterContext) -> PermissionSource:
    """The permission source that the settings ask for. Raises AdapterOptionsError with every problem."""
    built_in = BUILT_IN.get(adapter)
    if built_in is not None:
        return built_in(options, context)
    return _open_installed(_entry_point(adapter), options, context)


def _entry_point(adapter: str) -> EntryPoint:
    """The one entry point of exactly this name. Only the packages' lists of entry points are read; nothing is imported."""
    offered = _offered()
    found = [point for point in offered if point.name == adapter]
    if not found:
        known = ", ".join([*BUILT_IN, *sorted({point.name for point in offered} - BUILT_IN.keys())])
        raise _unusable(f"{shown(adapter)!r} is no adapter that is built in or installed; known are {known}")
    if len(found) > 1:
        packages = ", ".join(sorted(_package(point) for point in found))
        raise _unusable(f"{adapter!r} is offered by several installed packages ({packages}); remove all but one")
    return found[0]


def _offered() -> EntryPoints:
    try:
        return entry_points(group=GROUP)
    except Exception as error:  # broken metadata of any installed package, ours or not, may raise anything
        raise _unusable(f"the installed packages' entry points cannot be read: {_told(error)}") from error


def _open_installed(point: EntryPoint, options: Mapping[str, object], context: AdapterContext) -> PermissionSource:
    adapter = f"the adapter {point.name!r} ({point.value} of {_package(point)})"
    try:
        factory = point.load()
    except (Exception, SystemExit) as error:
        raise _unusable(f"{adapter} cannot be imported: {_told(error)}") from error
    try:
        source: object = factory(options, context)
        missing = lacking(source)
        if not missing:
            # Just checked, as far as a Protocol can be at run time. Inside the try, because the source's properties are read.
            return ForeignSource(source)  # type: ignore[arg-type]  # `lacking` looked for everything that a Protocol's check could
    except AdapterOptionsError:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 -- foreign code; told without its text, which may repeat a secret option
        raise _unusable(f"{adapter} failed: {place_of(error)}") from None
    raise _unusable(f"{adapter} returned no permission source: {missing}")


def _package(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist is not None else "an unknown package"


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {shown(str(error))}".removesuffix(": ")


def _unusable(message: str) -> AdapterOptionsError:
    return AdapterOptionsError((("adapter", message),))
