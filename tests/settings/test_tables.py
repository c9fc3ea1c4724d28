"""The smaller tables: server, permissions, messages, clients, audit."""

from pathlib import Path

import pytest

from kerbauth.core.disclosure import Disclosure
from kerbauth.settings import STANDARD_OUTPUT, LogFormat, LogLevel, ServerSettings
from tests.settings.files import PERMISSIONS, REALM, only_problem, problems, read, token_file


@pytest.mark.parametrize(
    ("listen", "address"),
    [
        ("127.0.0.1:8080", ("127.0.0.1", 8080)),
        ("127.9.9.9:1", ("127.9.9.9", 1)),
        ("[::1]:8080", ("::1", 8080)),
        ("localhost:0", ("localhost", 0)),
    ],
)
def test_a_loopback_address_is_listened_on(tmp_path: Path, listen: str, address: tuple[str, int]) -> None:
    settings = read(tmp_path, f'[server]\nlisten = "{listen}"', REALM, PERMISSIONS)
    assert settings.server.address == address


@pytest.mark.parametrize("listen", ["0.0.0.0:80", "192.0.2.1:80", "[::]:80", "[2001:db8::1]:80", "[::ffff:127.0.0.1]:80"])
def test_another_address_is_listened_on_only_where_unencrypted_http_is_asked_for(tmp_path: Path, listen: str) -> None:
    problem = only_problem(tmp_path, f'[server]\nlisten = "{listen}"', REALM, PERMISSIONS)
    assert problem.key == "server.listen"
    assert (
        "Set tls_certificate and tls_key, or listen on 127.0.0.1 and put a TLS proxy in front, or set insecure_http = true"
        in problem.message
    )
    settings = read(tmp_path, f'[server]\nlisten = "{listen}"\ninsecure_http = true', REALM, PERMISSIONS)
    assert settings.server.listen == listen


@pytest.mark.parametrize(
    ("listen", "message"),
    [
        ("", "has no host name or address"),
        (":8080", "has no host name or address"),
        ("127.0.0.1", "has no port"),
        ("127.0.0.1:", "is no host or host:port"),
        ("127.0.0.1:65536", "has a port above 65535"),
        ("127.0.0.1:\u0661", "is no host or host:port"),
        ("::1:8080", "is no host or host:port"),
        ("[::1", "is no host or host:port"),
        ("[127.0.0.1]:80", "has no IPv6 address in its brackets"),
        ("sso.corp.example:80", "is no IP address"),
        ("127.0.0.1:80\n", "is no host or host:port"),
    ],
)
def test_a_malformed_listen_address_is_refused(tmp_path: Path, listen: str, message: str) -> None:
    written = listen.replace("\n", "\\n")
    problem = only_problem(tmp_path, f'[server]\nlisten = "{written}"', REALM, PERMISSIONS)
    assert message in problem.message


def test_the_log_level_is_read(tmp_path: Path) -> None:
    assert read(tmp_path, '[server]\nlog_level = "debug"', REALM, PERMISSIONS).server.log_level is LogLevel.DEBUG


def test_a_table_can_be_built_without_a_file() -> None:
    assert ServerSettings().runtime_directory is None


@pytest.mark.parametrize(
    ("written", "environ", "expected"),
    [
        ("", {}, None),
        ("", {"RUNTIME_DIRECTORY": ""}, None),
        ("", {"RUNTIME_DIRECTORY": "/run/kerbauth"}, Path("/run/kerbauth")),
        ("", {"RUNTIME_DIRECTORY": "/run/kerbauth:/run/other"}, Path("/run/kerbauth")),
        ('runtime_directory = "/run/mine"', {"RUNTIME_DIRECTORY": "/run/kerbauth"}, Path("/run/mine")),
    ],
)
def test_the_runtime_folder_is_the_stated_one_or_systemd_s(
    tmp_path: Path, written: str, environ: dict[str, str], expected: Path | None
) -> None:
    settings = read(tmp_path, f"[server]\n{written}", REALM, PERMISSIONS, environ=environ)
    assert settings.server.runtime_directory == expected


@pytest.mark.parametrize("path", ["", "\\u0000"])
def test_a_path_that_is_none_is_refused(tmp_path: Path, path: str) -> None:
    problem = only_problem(tmp_path, f'[server]\nruntime_directory = "{path}"', REALM, PERMISSIONS)
    assert problem.message == "is empty or holds a NUL character; expected a path"


def test_an_adapter_s_own_settings_are_handed_on_unread(tmp_path: Path) -> None:
    settings = read(tmp_path, REALM, '[permissions]\nadapter = "mine"\nfile = "a"\noptions = 1\nbase = 2\nnested = { deep = [1, 2] }')
    assert dict(settings.permissions.options) == {"file": "a", "options": 1, "base": 2, "nested": {"deep": [1, 2]}}
    assert settings.permissions.base == tmp_path


@pytest.mark.parametrize(
    ("permissions", "key", "message"),
    [
        ("[permissions]", "permissions.adapter", "is missing; expected text"),
        ("[permissions]\nadapter = 3", "permissions.adapter", "expected text"),
        ('[permissions]\nadapter = ""', "permissions.adapter", "is no adapter's name"),
        ('[permissions]\nadapter = "../evil"', "permissions.adapter", "is no adapter's name"),
        ("[[permissions]]", "permissions", "is a list; expected a table"),
    ],
)
def test_a_permission_table_needs_an_adapter(tmp_path: Path, permissions: str, key: str, message: str) -> None:
    problem = only_problem(tmp_path, REALM, permissions)
    assert (problem.key, message in problem.message) == (key, True)


@pytest.mark.parametrize(
    ("messages", "key", "message"),
    [
        ('languages = ["en", "tlh"]', "messages.languages[2]", "has no catalogue file; available: en"),
        ('languages = ["en", "en"]', "messages.languages[2]", "is in the list twice"),
        ("languages = []", "messages.languages", "is an empty list"),
        ('default = "de"', "messages.default", "is not one of `languages`"),
        ('overrides = "none.d"', "messages.overrides", "names a folder that is not there"),
    ],
)
def test_languages_and_own_texts_must_be_there(tmp_path: Path, messages: str, key: str, message: str) -> None:
    problem = only_problem(tmp_path, REALM, PERMISSIONS, f"[messages]\n{messages}")
    assert (problem.key, message in problem.message) == (key, True)


def test_what_is_wrong_with_own_texts_is_told_with_everything_else(tmp_path: Path) -> None:
    (tmp_path / "messages.d").mkdir()
    (tmp_path / "messages.d" / "en.toml").write_text("\nno-such-reason = 'x'\n", encoding="utf-8")
    found = problems(tmp_path, REALM, '[messages]\nlanguages = ["tlh"]\noverrides = "messages.d"')
    assert [(problem.key, problem.line) for problem in found] == [
        ("permissions", None),
        ("messages.languages[1]", None),
        ("no-such-reason", 2),
    ]
    assert found[2].file == str(tmp_path / "messages.d" / "en.toml")


def test_own_texts_that_are_fine_are_taken(tmp_path: Path) -> None:
    (tmp_path / "messages.d").mkdir()
    settings = read(tmp_path, REALM, PERMISSIONS, '[messages]\noverrides = "messages.d"')
    assert settings.messages.overrides == tmp_path / "messages.d"


def test_a_client_is_guarded_unless_the_settings_say_otherwise(tmp_path: Path) -> None:
    token_file(tmp_path, "a.token")
    token_file(tmp_path, "b.token", "b" * 32)
    settings = read(
        tmp_path, REALM, PERMISSIONS, '[clients.a]\ntoken_file = "a.token"', '[clients.b]\ntoken_file = "b.token"\ndisclosure = "full"'
    )
    assert [client.disclosure for client in settings.clients.values()] == [Disclosure.GUARDED, Disclosure.FULL]


@pytest.mark.parametrize(
    ("client", "key", "message"),
    [
        ("[clients.a]", "clients.a", "has neither token_file nor certificate"),
        ('[clients.a]\ntoken_file = "none"', "clients.a.token_file", "is not there"),
        ('[clients.a]\ntoken_file = "a.token"\ndisclosure = "open"', "clients.a.disclosure", "expected guarded | full"),
        ('[clients.a]\ntoken_file = "a.token"\napplication = ""', "clients.a.application", "is empty"),
        (f'[clients.a]\ntoken_file = "a.token"\napplication = "{"x" * 256}"', "clients.a.application", "at most 255"),
        (
            '[clients.a]\ntoken_file = "a.token"\napplication = "x"\nidentity_only = true',
            "clients.a.identity_only",
            "remove one of the two",
        ),
        (
            '[clients.a]\ntoken_file = "a.token"\napplications = ["x"]\nidentity_only = true',
            "clients.a.identity_only",
            "`applications` limits it",
        ),
        ('[clients.a]\ntoken_file = "a.token"\napplications = ["x"]\napplication = "y"', "clients.a.application", "none of `applications`"),
        ('[clients.a]\ntoken_file = "a.token"\napplications = []', "clients.a.applications", "is an empty list"),
        ('[clients.a]\ntoken_file = "a.token"\nrealms = ["CORP.EXAMPLE", "X"]', "clients.a.realms[2]", "configured are `CORP.EXAMPLE`"),
        ('[clients.a]\ntoken_file = "a.token"\nrealms = []', "clients.a.realms", "is an empty list"),
        ('[clients.a]\ntoken_file = "a.token"\naddresses = ["192.0.2.1/24"]', "clients.a.addresses[1]", "bits behind the prefix"),
        ('[clients.a]\ntoken_file = "a.token"\naddresses = ["gax"]', "clients.a.addresses[1]", "is no network"),
        ('[clients.a]\ntoken_file = "a.token"\naddresses = [7]', "clients.a.addresses[1]", "is a whole number; expected a network"),
        ('[clients.a]\ntoken_file = "a.token"\naddresses = []', "clients.a.addresses", "is an empty list"),
        ('[clients.a]\ntoken_file = "a.token"\ndoors = ["radius"]', "clients.a.doors[1]", "expected list of http | spnego"),
        ('[clients.a]\ntoken_file = "a.token"\ndoors = ["http", "http"]', "clients.a.doors[2]", "twice"),
        ('[clients.a]\ncertificate = "*.corp.example"', "clients.a.certificate", "without *"),
        ('[clients.a]\ncertificate = "gax corp"', "clients.a.certificate", "is no DNS name and no URI"),
        ('[clients.a]\ncertificate = "gax.corp.example"', "clients.a.certificate", "without server.client_ca"),
        ('[clients."a\\nb"]\ntoken_file = "a.token"', 'clients."a\\nb"', "control character"),
        ('[clients." "]\ntoken_file = "a.token"', 'clients." "', "is empty"),
    ],
)
def test_a_client_that_cannot_be_is_refused(tmp_path: Path, client: str, key: str, message: str) -> None:
    token_file(tmp_path, "a.token")
    problem = only_problem(tmp_path, REALM, PERMISSIONS, client)
    assert (problem.key, message in problem.message) == (key, True)


def test_a_client_has_limits_if_the_settings_say_so(tmp_path: Path) -> None:
    token_file(tmp_path, "a.token")
    limits = 'addresses = ["192.0.2.7"]\ndoors = ["spnego"]\nrealms = ["CORP.EXAMPLE"]\napplications = ["desktop"]\noperations = true'
    client = read(tmp_path, REALM, PERMISSIONS, f'[clients.a]\ntoken_file = "a.token"\n{limits}').clients["a"]
    assert [str(network) for network in client.addresses or ()] == ["192.0.2.7/32"]
    assert (client.doors, client.realms, client.applications, client.operations) == (("spnego",), ("CORP.EXAMPLE",), ("desktop",), True)


def test_a_client_has_no_limits_otherwise_and_may_not_ask_for_operators_pages(tmp_path: Path) -> None:
    token_file(tmp_path, "a.token")
    client = read(tmp_path, REALM, PERMISSIONS, '[clients.a]\ntoken_file = "a.token"').clients["a"]
    assert (client.addresses, client.doors, client.realms, client.applications) == (None, ("http", "spnego"), None, None)
    assert not client.operations


@pytest.mark.parametrize(
    ("server", "key", "message"),
    [
        ('trusted_proxies = ["10.0.0.1/8"]', "server.trusted_proxies[1]", "bits behind the prefix"),
        ('trusted_proxies = ["10.0.0.0/8", "10.0.0.0/8"]', "server.trusted_proxies[2]", "twice"),
        ('proxy_header = "x-real-ip"', "server.proxy_header", "expected x-forwarded-for | forwarded"),
        ('operations_listen = "127.0.0.1:8080"', "server.operations_listen", "is the same as `listen`"),
        ('operations_listen = "gax:9"', "server.operations_listen", "is no IP address"),
        ("max_connections = 0", "server.max_connections", "is out of range"),
        ("max_connections_per_address = 0", "server.max_connections_per_address", "is out of range"),
        ("header_timeout = 0.0", "server.header_timeout", "is out of range"),
        ("body_timeout = -1.0", "server.body_timeout", "is out of range"),
        ("keepalive_timeout = inf", "server.keepalive_timeout", "is out of range"),
    ],
)
def test_a_bad_limit_of_the_server_is_refused(tmp_path: Path, server: str, key: str, message: str) -> None:
    problem = only_problem(tmp_path, f"[server]\n{server}", REALM, PERMISSIONS)
    assert (problem.key, message in problem.message) == (key, True)


@pytest.mark.parametrize(
    ("line", "address", "exposed"),
    [
        ("", None, False),
        ('operations_listen = "127.0.0.1:9100"', ("127.0.0.1", 9100), False),
        ('operations_listen = "[::]:9100"', ("::", 9100), True),
    ],
)
def test_operators_pages_may_have_a_listener_of_their_own(tmp_path: Path, line: str, address: object, exposed: bool) -> None:
    server = read(tmp_path, f"[server]\n{line}", REALM, PERMISSIONS).server
    assert (server.operations_address, server.operations_exposed) == (address, exposed)


def test_a_client_may_want_to_know_who_somebody_is_and_no_more(tmp_path: Path) -> None:
    token_file(tmp_path, "a.token")
    settings = read(tmp_path, REALM, PERMISSIONS, '[clients.a]\ntoken_file = "a.token"\nidentity_only = true')
    assert settings.clients["a"].identity_only


def test_two_clients_with_the_same_token_are_refused(tmp_path: Path) -> None:
    token_file(tmp_path, "a.token")
    token_file(tmp_path, "b.token")
    problem = only_problem(tmp_path, REALM, PERMISSIONS, '[clients.a]\ntoken_file = "a.token"', '[clients.b]\ntoken_file = "b.token"')
    assert (problem.key, "has the same token" in problem.message) == ("clients.b.token_file", True)


def test_two_clients_with_the_same_file_are_refused(tmp_path: Path) -> None:
    token_file(tmp_path, "a.token")
    problem = only_problem(tmp_path, REALM, PERMISSIONS, '[clients.a]\ntoken_file = "a.token"', '[clients.b]\ntoken_file = "a.token"')
    assert problem.key == "clients.b.token_file"


def test_clients_may_not_be_required_where_there_are_none(tmp_path: Path) -> None:
    problem = only_problem(tmp_path, "[server]\nrequire_client = true", REALM, PERMISSIONS)
    assert (problem.key, "server.require_client lets nobody else ask" in problem.message) == ("clients", True)


def test_clients_may_be_required_where_there_are_some(tmp_path: Path) -> None:
    token_file(tmp_path, "a.token")
    assert read(
        tmp_path, "[server]\nrequire_client = true", REALM, PERMISSIONS, '[clients.a]\ntoken_file = "a.token"'
    ).server.require_client


def test_the_audit_can_go_to_standard_output(tmp_path: Path) -> None:
    assert read(tmp_path, REALM, PERMISSIONS, '[audit]\nfile = "-"').audit.file == STANDARD_OUTPUT


def test_the_audit_can_go_to_a_file_that_is_there_already(tmp_path: Path) -> None:
    (tmp_path / "audit.jsonl").touch()
    assert read(tmp_path, REALM, PERMISSIONS).audit.file == tmp_path / "audit.jsonl"


@pytest.mark.parametrize(("file", "message"), [("none/audit.jsonl", "create it, or correct the path"), (".", "is a folder")])
def test_the_audit_file_needs_a_folder_and_is_none(tmp_path: Path, file: str, message: str) -> None:
    problem = only_problem(tmp_path, REALM, PERMISSIONS, f'[audit]\nfile = "{file}"')
    assert (problem.key, message in problem.message) == ("audit.file", True)


def test_the_alarm_is_off_until_a_limit_is_set(tmp_path: Path) -> None:
    alarm = read(tmp_path, REALM, PERMISSIONS).alarm
    assert (alarm.failures, alarm.failure_percent, alarm.minimum, alarm.period) == (0, 0, 20, 60)


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("failures = -1", "failures"),
        ("failure_percent = 101", "failure_percent"),
        ("failure_percent = -0.5", "failure_percent"),
        ("failure_percent = nan", "failure_percent"),
        ("minimum = 0", "minimum"),
        ("period = 0.5", "period"),
        ("period = 100_000", "period"),
    ],
)
def test_a_limit_of_the_alarm_that_makes_no_sense_is_refused(tmp_path: Path, setting: str, expected: str) -> None:
    assert only_problem(tmp_path, REALM, PERMISSIONS, f"[alarm]\n{setting}").key == f"alarm.{expected}"


@pytest.mark.parametrize(("server", "expected"), [("", LogFormat.CONSOLE), ('log_format = "json"', LogFormat.JSON)])
def test_the_form_of_the_log_is_read(tmp_path: Path, server: str, expected: LogFormat) -> None:
    assert read(tmp_path, REALM, PERMISSIONS, f"[server]\n{server}").server.log_format is expected


def test_tracing_is_off_and_goes_to_this_machine(tmp_path: Path) -> None:
    tracing = read(tmp_path, REALM, PERMISSIONS).tracing
    assert (tracing.enabled, tracing.endpoint, tracing.sample) == (False, "http://127.0.0.1:4318/v1/traces", 1.0)


@pytest.mark.parametrize("endpoint", ["https://otel.corp.example/v1/traces", "http://[::1]:4318/v1/traces"])
def test_an_address_of_a_collector_is_taken(tmp_path: Path, endpoint: str) -> None:
    assert read(tmp_path, REALM, PERMISSIONS, f'[tracing]\nendpoint = "{endpoint}"').tracing.endpoint == endpoint


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ('endpoint = "localhost:4318"', "is no URL"),
        ('endpoint = "grpc://localhost:4317"', "is no URL"),
        ('endpoint = "http:///v1/traces"', "is no URL"),
        ('endpoint = "http://[::1/v1/traces"', "is no URL"),
        ('endpoint = "http://localhost:99999/"', "is no URL"),
        ('endpoint = "http://local host/"', "is no URL"),
        ('endpoint = "http://user:hunter2@localhost/"', "holds a name or a password"),
        ("sample = 2", "sample"),
        ('service_name = ""', "is empty"),
    ],
)
def test_settings_of_traces_that_make_no_sense_are_refused(tmp_path: Path, setting: str, expected: str) -> None:
    problem = only_problem(tmp_path, REALM, PERMISSIONS, f"[tracing]\n{setting}")
    assert expected in str(problem)
    assert "hunter2" not in str(problem)


def test_the_audit_key_is_beside_the_file_unless_said_otherwise(tmp_path: Path) -> None:
    assert read(tmp_path, REALM, PERMISSIONS).audit.key_file == tmp_path / "audit.key"
    (tmp_path / "log").mkdir()
    assert read(tmp_path, REALM, PERMISSIONS, '[audit]\nfile = "log/a.jsonl"').audit.key_file == tmp_path / "log" / "audit.key"
    assert read(tmp_path, REALM, PERMISSIONS, '[audit]\nkey_file = "k"').audit.key_file == tmp_path / "k"
    assert read(tmp_path, REALM, PERMISSIONS, '[audit]\nfile = "-"').audit.key_file is None


@pytest.mark.parametrize(
    ("content", "mode", "message"),
    [("k" * 64, 0o640, "others than the service"), ("short", 0o600, "the key has 5 bytes"), ("", 0o600, "is empty")],
)
def test_an_audit_key_that_is_there_is_checked(tmp_path: Path, content: str, mode: int, message: str) -> None:
    token_file(tmp_path, "audit.key", content, mode)
    problem = only_problem(tmp_path, REALM, PERMISSIONS)
    assert (problem.key, message in problem.message) == ("audit.key_file", True), problem.message


def test_the_audit_is_durable_and_not_rotated_unless_said_otherwise(tmp_path: Path) -> None:
    audit = read(tmp_path, REALM, PERMISSIONS).audit
    assert (audit.sync, audit.rotate_bytes, audit.rotate_keep, audit.anchor_seconds) == (True, 0, 100, 300.0)


@pytest.mark.parametrize(
    ("setting", "key", "message"),
    [
        ('key_file = "none/audit.key"', "key_file", "create it, or correct the path"),
        ('key_file = "audit.jsonl"', "key_file", "names the audit file itself"),
        ('key_file = "."', "key_file", "or a folder"),
        ("rotate_bytes = 1000", "rotate_bytes", "less than 65536 bytes"),
        ("rotate_bytes = -1", "rotate_bytes", "from 0 on"),
        ('file = "-"\nrotate_bytes = 1000000', "rotate_bytes", "standard output"),
        ("rotate_keep = 0", "rotate_keep", "from 1 on"),
        ("anchor_seconds = 0", "anchor_seconds", "above 0"),
        ("sync = 1", "sync", ""),
    ],
)
def test_audit_settings_that_cannot_be(tmp_path: Path, setting: str, key: str, message: str) -> None:
    problem = only_problem(tmp_path, REALM, PERMISSIONS, f"[audit]\n{setting}")
    assert (problem.key, message in problem.message) == (f"audit.{key}", True), problem.message
