"""Writes every page and file that is made from the code. `python -m tools.reference`."""

import importlib
import pkgutil
from pathlib import Path

import tools

ROOT = Path(__file__).parent.parent


def main() -> None:
    """Write what every `tools.reference_*` and `tools.message_catalogue` renders."""
    for module in pkgutil.iter_modules(tools.__path__):
        if module.name.startswith("reference_") or module.name == "message_catalogue":
            for path, text in importlib.import_module(f"tools.{module.name}").render().items():
                (ROOT / path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
