"""Every setting by its name, and the files that are read."""

from pathlib import Path

from kerbauth.settings import Settings, leaves, load, named_files


def written(folder: Path, permissions: str = 'adapter = "none"', more: str = "") -> Settings:
    token = folder / "token"
    token.touch(mode=0o600)
    token.write_text("a" * 32)
    (folder / "map.csv").write_text("principal,user\na,b\n")
    (folder / "texts").mkdir(exist_ok=True)
    config = folder / "kerbauth.toml"
    config.write_text(
        f'[server]\nruntime_directory = "run"\n[realms."A.TEST"]\nkind = "mit"\nkeytab = "key.tab"\nservice = "HTTP/a.test"\n'
        f'[realms."A.TEST".names]\nmap_file = "map.csv"\n[permissions]\n{permissions}\n'
        f'[clients."one client"]\ntoken_file = "token"\n[messages]\noverrides = "texts"\n{more}'
    )
    return load(config, {})


def test_names_are_those_of_the_file(tmp_path: Path) -> None:
    found = leaves(written(tmp_path, 'adapter = "other"\ndsn = "secret"\n[permissions.pool]\nsize = 3'))
    assert found["server.workers"] == 1
    assert found["permissions.dsn"] == "secret"
    assert found["permissions.pool.size"] == 3
    assert found['realms."A.TEST".kind'] == "mit"
    assert found['clients."one client".identity_only'] is False


def test_files_that_are_read_are_named_and_those_that_are_written_are_not(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    found = named_files(written(tmp_path, 'adapter = "other"\nfile = "data"\nurl = "http://x/y"\nnothing = "\\u0000"'))
    assert set(found) == {tmp_path / name for name in ("key.tab", "map.csv", "token", "texts", "data", "audit.key")}
