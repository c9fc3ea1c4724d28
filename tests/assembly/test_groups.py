"""What the adapter `groups` is told of the configured realms, and when it begins and ends to look names up."""

import asyncio
from pathlib import Path

import pytest

from kerbauth.assembly.groups import domains, put_down, put_to_work
from kerbauth.core.sid import Sid
from kerbauth.directory import GroupFound
from kerbauth.permissions.adapter import AdapterContext, Domain
from kerbauth.permissions.groups import GroupsSource, open_source
from kerbauth.permissions.none import NoPermissions
from kerbauth.settings import load
from tests.permissions.test_groups import DOMAINS, Directory, grant, options

AGENTS = {"agents": GroupFound(Sid("S-1-5-21-1-2-3-1117"))}


def test_each_realm_is_known_by_its_name_and_its_netbios_name(tmp_path: Path) -> None:
    config = tmp_path / "kerbauth.toml"
    config.write_text(
        '[realms."CORP.EXAMPLE"]\nkind = "ad"\nkeytab = "k"\nservice = "HTTP/a.test"\nnetbios = "CORP"\n'
        'names = { shares_users_with = ["MIT.EXAMPLE"] }\n'
        '[realms."MIT.EXAMPLE"]\nkind = "mit"\nkeytab = "k"\nservice = "HTTP/a.test"\n'
        'names = { shares_users_with = ["CORP.EXAMPLE"], case = "lower" }\n'
        '[permissions]\nadapter = "none"\n'
    )
    assert domains(load(config, {})) == {
        "corp.example": Domain("CORP.EXAMPLE", active_directory=True),
        "corp": Domain("CORP.EXAMPLE", active_directory=True),
        "mit.example": Domain("MIT.EXAMPLE", active_directory=False),
    }


def opened() -> GroupsSource:
    return open_source(options(grant("CORP\\Agents")), AdapterContext(Path(), DOMAINS))


async def test_a_source_at_work_begins_at_once_and_one_that_is_put_down_ends() -> None:
    directory = Directory(CORP=AGENTS)
    working = put_to_work(opened(), directory, None)
    await directory.begun.wait()
    put_down(working)
    await asyncio.sleep(0)
    assert len(asyncio.all_tasks()) == 1  # the test's own


async def test_the_next_source_knows_what_the_one_before_has_found() -> None:
    before = put_to_work(opened(), Directory(CORP=AGENTS), None)
    assert await before.problem() == ""
    after = put_to_work(opened(), Directory(), before)
    put_down(before)
    assert isinstance(after, GroupsSource)
    assert list(after.sids.missing()) == []
    put_down(after)


@pytest.mark.parametrize("before", [None, NoPermissions()])
def test_other_sources_serve_as_they_are(before: NoPermissions | None) -> None:
    source = NoPermissions()
    assert put_to_work(source, Directory(), before) is source
    put_down(source)
