"""Installed packages for tests: a module and the metadata that an installer writes beside it."""

from collections.abc import Mapping
from pathlib import Path


def install(site: Path, name: str, modules: Mapping[str, str], entry_points: Mapping[str, str], version: str = "1.0") -> None:
    """Put a package into a folder that is, or will be, on the module search path (PyPA's specification of .dist-info folders)."""
    for file, source in modules.items():
        (site / file).write_text(source, encoding="utf-8")
    folder = site / f"{name.replace('-', '_')}-{version}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
    lines = ["[kerbauth.permissions]", *(f"{adapter} = {place}" for adapter, place in entry_points.items())]
    (folder / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
