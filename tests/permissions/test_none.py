from pathlib import Path

import pytest

from kerbauth.permissions import none
from kerbauth.permissions.adapter import AdapterContext, AdapterOptionsError
from kerbauth.ports import Permitted, Question

CONTEXT = AdapterContext(Path())


@pytest.mark.parametrize("question", [Question("alice", "CORP.EXAMPLE", ""), Question("Bob", "CORP.EXAMPLE", "desktop", "North")])
async def test_everybody_may_enter_and_no_application_is_known(question: Question) -> None:
    source = none.open_source({}, CONTEXT)
    assert await source.may_enter(question) == Permitted(question.user, None)
    assert source.asks_application is False
    assert await source.problem() == ""


def test_it_says_so_at_every_start() -> None:
    (warning,) = none.open_source({}, CONTEXT).startup_warnings
    assert "everybody" in warning
    assert "'none'" in warning


def test_it_has_no_options() -> None:
    with pytest.raises(AdapterOptionsError) as caught:
        none.open_source({"file": "permissions.toml"}, CONTEXT)
    assert caught.value.problems == (("file", "is not known here; there are no keys"),)


def test_an_options_error_without_a_problem_is_none() -> None:
    with pytest.raises(ValueError, match="needs a problem"):
        AdapterOptionsError(())
