"""The served OpenAPI document against the service that serves it: made-up requests that fit it, and ones that do not."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.conftest import entry
from tests.integration.kdc import LabRealm
from tests.integration.service import TOKEN, RunningService, Setup

Start = Callable[..., RunningService]

# 422 is a right answer to what fits the document: that a name holds no invisible characters, and can be read as one, is more than a pattern
# can say. 400 would be none.
CONFIG = """
[checks.positive_data_acceptance]
expected-statuses = ["200", "401", "403", "422", "503"]
[checks.not_a_server_error]
expected-statuses = ["2xx", "4xx", "503"]
"""


@pytest.mark.parametrize("headers", [(), ("--header", f"X-Kerbauth-Client: {TOKEN}")], ids=["anonymous", "a client with full disclosure"])
def test_the_service_does_what_its_document_says(
    realm: LabRealm, permissions: str, start: Start, tmp_path: Path, headers: tuple[str, ...]
) -> None:
    service = start(Setup((entry(realm, settings="default = true"),), permissions))
    config = tmp_path / "schemathesis.toml"
    config.write_text(CONFIG)
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "--no-color", "run", f"{service.url}/openapi.json"]
    options = ["--checks", "all", "--max-examples", "60", "--seed", "1", "--continue-on-failure", "--output-truncate", "false", *headers]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False, timeout=300, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    generated = re.search(r"(\d+) generated", done.stdout)
    assert generated, done.stdout
    assert int(generated[1]) > 300, "it asked more than a handful"
    assert "unexpected error" not in service.log()
