"""What an administrator of the domains on the pages about Active Directory has, and does there."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.ad.domain import PASSWORD, SERVICE_ACCOUNT, Domain
from tests.docs.fences import blocks

SET_UP = "how-to/set-up-active-directory.md"
PERMISSIONS = """
[[applications]]
name = "desktop"
type = "agent-desktop"
[[access_groups]]
name = "agents"
members = ["alice", "bob", "branch-alice"]
[[grants]]
application = "desktop"
group = "agents"
permissions = ["read", "execute"]
"""


class Site:
    """The two domains, and a folder with what an administrator has there."""

    def __init__(self, corp: Domain, branch: Domain, folder: Path) -> None:
        self.corp, self.branch, self.folder = corp, branch, folder
        (folder / "keytabs").mkdir()
        (folder / "permissions.toml").write_text(
            PERMISSIONS + "".join(f'[[persons]]\nuser = "{user}"\n' for user in ("alice", "bob", "branch-alice"))
        )

    def do(self, script: str, said: str = "") -> str:
        """Run a page's commands, as on a domain controller of CORP; what they print. `said` is typed."""
        script = script.replace("/var/lib/samba/private", str(self.corp.folder / "private")).replace("127.0.0.1", self.corp.address)
        environment = {**self.corp.environment(self.folder / "cc"), "SMB_CONF_PATH": str(self.corp.conf)}
        done = subprocess.run(
            ["/bin/sh", "-e", "-c", script], cwd=self.folder, env=environment, input=said, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def install(self) -> None:
        """Put the file corp.keytab in its place."""
        place = self.folder / "keytabs" / "corp.keytab"
        place.unlink(missing_ok=True)
        place.write_bytes((self.folder / "corp.keytab").read_bytes())
        place.chmod(0o400)

    def configuration(self, page: str, heading: str, **changes: str) -> Path:
        """The settings of a page with the addresses and SIDs of these domains. `changes`: settings of CORP, and "" to leave one out."""
        (text,) = (block for block in blocks(page, heading, "toml") if "[server]" in block)
        corp, branch = self.corp.address, self.branch.address
        for name, here in (("dc1.corp.example", corp), ("dc2.corp.example", f"{corp}:88"), ("dc1.branch.example", branch)):
            text = text.replace(f'"{name}"', f'"{here}"')
        sids = iter((self.corp.domain_sid, self.branch.domain_sid))
        text = re.sub(r'(?<=domain_sid = ")[^"]+', lambda _: next(sids), text)
        for key, value in changes.items():
            text, count = re.subn(rf"^{key} = .*\n", f"{key} = {value}\n" if value else "", text, count=1, flags=re.MULTILINE)
            assert count == 1, f"the settings of {page} say nothing of {key}"
        file = self.folder / "kerbauth.toml"
        file.write_text(text)
        return file

    def login(self, configuration: Path, *arguments: str, ccache: str = "") -> str:
        """One login with the command line; what it prints."""
        command = [sys.executable, "-m", "kerbauth", "login", *arguments, "--config", str(configuration), "--application", "desktop"]
        environment = self.corp.environment(self.folder / ccache) if ccache else dict(os.environ)
        command += ["--sso"] if ccache else ["--password-stdin"]
        return subprocess.run(command, env=environment, input=f"{PASSWORD}\n", capture_output=True, text=True, check=False).stdout


class Account:
    """The account and the keytab as the page has them made: once, and again after a test that changed the account."""

    def __init__(self) -> None:
        self.keytab = b""

    def into(self, site: Site) -> None:
        if not self.keytab:
            site.do(blocks(SET_UP, "On a Samba domain controller", "sh")[0])
            assert [file.name for file in site.folder.glob("*.keytab")] == ["corp.keytab"]
            self.keytab = (site.folder / "corp.keytab").read_bytes()
        (site.folder / "corp.keytab").write_bytes(self.keytab)
        site.install()

    def forget(self, corp: Domain) -> None:
        corp.ask("delete", SERVICE_ACCOUNT)
        self.keytab = b""
