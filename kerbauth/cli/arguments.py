"""What several commands share in reading their arguments."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerbauth.settings import Settings, load

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 -- argparse names it nowhere else
else:
    Subparsers = Any


def add_config(command: argparse.ArgumentParser) -> None:
    """Add `--config FILE`."""
    command.add_argument("--config", metavar="FILE", type=Path, required=True, help="the configuration file (TOML)")


def read_config(arguments: argparse.Namespace) -> Settings:
    """Read the settings from `--config` and the environment. Raises SettingsError."""
    return load(arguments.config, os.environ)
