"""The adapter `groups`: what the groups of the very login's account lead to, by SID and by name."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import pytest

from kerbauth.core.account import WindowsAccount
from kerbauth.core.outcome import Application
from kerbauth.core.reasons import Reason
from kerbauth.core.sid import Sid, member
from kerbauth.directory import DirectoryFailed, GroupFound, NoSuchGroup
from kerbauth.permissions.adapter import AdapterContext, Domain
from kerbauth.permissions.contract import check_failing
from kerbauth.permissions.groups import GroupsSource, open_source
from kerbauth.ports import NotPermitted, Permitted, Question, SourceFailed

CORP, OTHER = Sid("S-1-5-21-1-2-3"), Sid("S-1-5-21-7-8-9")
AGENTS, STAFF = member(CORP, 1117), member(CORP, 1118)
NAMESAKE = member(OTHER, 1117)
ENTERS = Permitted("alice", Application("desktop", "agent-desktop", ("read", "execute")))
DOMAINS = MappingProxyType(
    {
        "corp": Domain("CORP.EXAMPLE", active_directory=True),
        "corp.example": Domain("CORP.EXAMPLE", active_directory=True),
        "other": Domain("OTHER.EXAMPLE", active_directory=True),
        "other.example": Domain("OTHER.EXAMPLE", active_directory=True),
        "mit.example": Domain("MIT.EXAMPLE", active_directory=False),
    }
)

Answers = Mapping[str, GroupFound | NoSuchGroup] | DirectoryFailed


class Directory:
    """Says what it is told to, realm by realm; not before `open` is set."""

    def __init__(self, **answers: Answers) -> None:
        self.answers = {f"{realm}.EXAMPLE": answer for realm, answer in answers.items()}
        self.asked: list[tuple[str, tuple[str, ...]]] = []
        self.begun = asyncio.Event()
        self.open = asyncio.Event()
        self.open.set()

    async def find_groups(self, realm: str, names: Sequence[str]) -> Answers:
        self.asked.append((realm, tuple(names)))
        self.begun.set()
        await self.open.wait()
        return self.answers.get(realm, DirectoryFailed("nobody answers"))


def grant(group: str, *permissions: str, application: str = "desktop") -> dict[str, object]:
    return {"application": application, "group": group, "permissions": list(permissions or ("read", "execute"))}


def options(*grants: dict[str, object], **application: object) -> dict[str, object]:
    return {"applications": [{"name": "desktop", "type": "agent-desktop", **application}], "grants": list(grants)}


def source(*grants: dict[str, object], **application: object) -> GroupsSource:
    return open_source(options(*grants, **application), AdapterContext(Path(), DOMAINS))


def asks(*groups: Sid, user: str = "alice", application: str = "desktop", tenant: str | None = None) -> Question:
    account = WindowsAccount(user, "CORP", member(CORP, 1500), frozenset(groups))
    return Question(user, "CORP.EXAMPLE", application, tenant, account)


async def test_a_member_of_a_granted_group_is_let_in_under_the_name_of_the_login() -> None:
    assert await source(grant(AGENTS)).may_enter(asks(AGENTS)) == ENTERS


async def test_who_is_in_other_groups_only_is_refused() -> None:
    answer = await source(grant(AGENTS)).may_enter(asks(STAFF, NAMESAKE))
    assert answer == NotPermitted(Reason.NOT_PERMITTED, "read and execute are needed; granted to the 2 groups of the account: nothing")


async def test_the_accounts_own_sid_is_not_a_group_of_it() -> None:
    question = asks()
    assert question.account is not None
    assert isinstance(await source(grant(question.account.sid)).may_enter(question), NotPermitted)


async def test_a_login_without_an_account_is_refused_and_told_why() -> None:
    answer = await source(grant(AGENTS)).may_enter(Question("alice", "MIT.EXAMPLE", "desktop"))
    assert isinstance(answer, NotPermitted)
    assert answer.reason is Reason.NOT_PERMITTED
    assert "its realm is not of kind ad" in answer.explanation


async def test_a_login_without_an_account_is_refused_before_any_directory_is_asked() -> None:
    directory = Directory(CORP={"agents": GroupFound(AGENTS)})
    working = source(grant("CORP\\Agents")).working(directory)
    assert isinstance(await working.may_enter(Question("alice", "CORP.EXAMPLE", "desktop")), NotPermitted)
    assert directory.asked == []


async def test_permissions_of_several_groups_add_up() -> None:
    split = source(grant(AGENTS, "read"), grant(STAFF, "execute", "delete"))
    assert isinstance(await split.may_enter(asks(AGENTS)), NotPermitted)
    assert await split.may_enter(asks(AGENTS, STAFF)) == Permitted(
        "alice", Application("desktop", "agent-desktop", ("read", "execute", "delete"))
    )


@pytest.mark.parametrize(("tenant", "enters"), [("North", True), (None, True), ("South", False), ("north", False), ("", False)])
async def test_an_application_of_a_tenant_is_unknown_in_others(tenant: str | None, enters: bool) -> None:
    answer = await source(grant(AGENTS), tenant="North").may_enter(asks(AGENTS, tenant=tenant))
    assert answer == (ENTERS if enters else NotPermitted(Reason.UNKNOWN_APPLICATION))


async def test_the_application_is_looked_at_before_the_account() -> None:
    nobody = Question("alice", "MIT.EXAMPLE", "elsewhere")
    assert await source(grant(AGENTS)).may_enter(nobody) == NotPermitted(Reason.UNKNOWN_APPLICATION)
    assert await source(grant(AGENTS), enabled=False).may_enter(asks(AGENTS)) == NotPermitted(Reason.APPLICATION_DISABLED)


async def test_a_name_lets_in_who_is_in_the_group_that_the_directory_has() -> None:
    working = source(grant("CORP\\Agents")).working(Directory(CORP={"agents": GroupFound(AGENTS)}))
    assert await working.may_enter(asks(AGENTS)) == ENTERS
    assert isinstance(await working.may_enter(asks(STAFF)), NotPermitted)
    assert await working.problem() == ""
    working.close()


@pytest.mark.parametrize("written", ["corp\\AGENTS", "CORP.EXAMPLE\\agents", "Corp.Example\\Agents"])
async def test_a_name_may_be_written_in_any_case_and_with_the_realm(written: str) -> None:
    working = source(grant(written)).working(Directory(CORP={"agents": GroupFound(AGENTS)}))
    assert await working.may_enter(asks(AGENTS)) == ENTERS
    working.close()


async def test_groups_of_one_name_in_two_domains_never_mix() -> None:
    directory = Directory(CORP={"agents": GroupFound(AGENTS)}, OTHER={"agents": GroupFound(NAMESAKE)})
    working = source(grant("OTHER\\Agents")).working(directory)
    assert isinstance(await working.may_enter(asks(AGENTS)), NotPermitted)
    assert await working.may_enter(asks(NAMESAKE)) == ENTERS
    assert directory.asked == [("OTHER.EXAMPLE", ("agents",))]
    working.close()


async def test_a_group_that_is_not_found_makes_who_would_need_it_unavailable_and_nobody_else() -> None:
    directory = Directory(CORP={"agents": NoSuchGroup("the directory has no group of that name")})
    working = source(grant("CORP\\Agents"), grant(STAFF)).working(directory)
    answer = await working.may_enter(asks(AGENTS))
    assert isinstance(answer, SourceFailed)
    assert answer.problem.endswith("CORP.EXAMPLE\\agents: the directory has no group of that name")
    assert await working.may_enter(asks(STAFF)) == ENTERS
    working.close()


async def test_a_group_that_could_not_let_anybody_in_is_waited_for_by_nobody() -> None:
    directory = Directory()
    directory.open.clear()
    working = source(grant("CORP\\Readers", "read"), grant(AGENTS)).working(directory)
    assert isinstance(await working.may_enter(asks(STAFF)), NotPermitted)
    assert await working.may_enter(asks(AGENTS)) == ENTERS
    working.close()


async def test_the_missing_half_of_what_is_needed_may_be_in_a_group_that_is_not_found() -> None:
    working = source(grant("CORP\\Readers", "read"), grant(AGENTS, "execute")).working(Directory())
    assert isinstance(await working.may_enter(asks(AGENTS)), SourceFailed)
    assert isinstance(await working.may_enter(asks(STAFF)), NotPermitted)
    working.close()


async def test_the_first_logins_wait_until_the_directory_has_answered() -> None:
    directory = Directory(CORP={"agents": GroupFound(AGENTS)})
    directory.open.clear()
    working = source(grant("CORP\\Agents")).working(directory)
    asking = [asyncio.create_task(working.may_enter(asks(AGENTS))) for _ in range(3)]
    await directory.begun.wait()
    directory.open.set()
    assert await asyncio.gather(*asking) == [ENTERS] * 3
    assert len(directory.asked) == 1
    working.close()


async def test_a_directory_that_is_down_is_told_and_lets_nobody_in() -> None:
    working = source(grant("CORP\\Agents")).working(Directory(CORP=DirectoryFailed("dc1: connection refused")))
    await check_failing(working, asks(AGENTS))
    assert "dc1: connection refused" in await working.problem()
    working.close()


async def test_a_directory_that_is_down_is_no_trouble_of_another_domain() -> None:
    working = source(grant("CORP\\Agents"), grant("OTHER\\Agents")).working(Directory(OTHER={"agents": GroupFound(NAMESAKE)}))
    assert await working.may_enter(asks(NAMESAKE)) == ENTERS
    said = "the group CORP.EXAMPLE\\agents is not found: the directory of CORP.EXAMPLE cannot be asked: nobody answers"
    assert await working.problem() == said
    working.close()


async def test_without_a_directory_no_name_is_ever_found() -> None:
    opened = source(grant("CORP\\Agents"))
    await check_failing(opened, asks(AGENTS))
    opened.close()


async def test_a_source_of_sids_only_asks_nobody() -> None:
    directory = Directory()
    working = source(grant(AGENTS)).working(directory)
    assert await working.problem() == ""
    assert directory.asked == []


async def test_a_reload_goes_on_with_what_is_known() -> None:
    before = source(grant("CORP\\Agents")).working(Directory(CORP={"agents": GroupFound(AGENTS)}))
    assert await before.may_enter(asks(AGENTS)) == ENTERS
    after = source(grant("corp\\agents"), grant("CORP\\Others")).working(Directory(), before)
    before.close()
    assert await after.may_enter(asks(AGENTS)) == ENTERS
    after.close()


async def test_the_state_of_a_source_that_knows_its_groups_waits_for_no_directory() -> None:
    before = source(grant("CORP\\Agents")).working(Directory(CORP={"agents": GroupFound(AGENTS)}))
    assert await before.problem() == ""
    silent = Directory()
    silent.open.clear()
    after = source(grant("CORP\\Agents")).working(silent, before)
    assert await after.problem() == ""
    before.close()
    after.close()


async def test_begin_looks_names_up_before_anybody_asks() -> None:
    directory = Directory(CORP={"agents": GroupFound(AGENTS)})
    working = source(grant("CORP\\Agents")).working(directory)
    working.begin()
    await asyncio.sleep(0)
    assert directory.asked == [("CORP.EXAMPLE", ("agents",))]
    working.close()


def test_begin_without_an_event_loop_leaves_it_to_the_first_question() -> None:
    directory = Directory(CORP={"agents": GroupFound(AGENTS)})
    working = source(grant("CORP\\Agents")).working(directory)
    working.begin()
    assert directory.asked == []
    assert asyncio.run(working.may_enter(asks(AGENTS))) == ENTERS


def test_what_lets_nobody_in_is_said_at_the_start() -> None:
    assert any("there are no grants" in warning for warning in source().startup_warnings)
    nowhere = open_source(options(grant(AGENTS)), AdapterContext(Path()))
    assert any("no realm is of kind ad" in warning for warning in nowhere.startup_warnings)
    assert source(grant(AGENTS)).startup_warnings == ()


async def test_a_name_that_the_directory_does_not_have_takes_no_machine_out_of_service() -> None:
    working = source(grant("CORP\\Agents"), grant("CORP\\Mistyped")).working(Directory(CORP={"agents": GroupFound(AGENTS)}))
    assert await working.may_enter(asks(AGENTS)) == ENTERS
    assert isinstance(await working.may_enter(asks(NAMESAKE)), SourceFailed)  # who might be in the mistyped one
    assert await working.problem() == ""
    working.close()
