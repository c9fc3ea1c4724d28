"""What a domain's people do: MIT's client programs, with a krb5.conf that knows the domain and those that it trusts."""

import os
import subprocess
from pathlib import Path

from tests.integration.kdc import make_tokens

PASSWORD = "canary-K9-Passw0rd"  # the canary of tests/integration; it has the three kinds of characters that a domain wants


class People:
    """The people's side of a domain in `folder`."""

    realm: str
    dns: str
    folder: Path

    @property
    def host(self) -> str:
        """The host name of our service in this domain."""
        return f"kerbauth.{self.dns}"

    @property
    def client_config(self) -> Path:
        """The krb5.conf of this domain's people; written by `provisioned`, and again by `trust`."""
        return self.folder / "client.krb5.conf"

    def environment(self, ccache: Path) -> dict[str, str]:
        """What a user's programs need to use this domain with a credential cache of their own."""
        return {**os.environ, "KRB5_CONFIG": str(self.client_config), "KRB5CCNAME": f"FILE:{ccache}"}

    def kinit(self, user: str, ccache: Path, *options: str, password: str = PASSWORD) -> dict[str, str]:
        """Get a ticket as a user would, and the environment to use it in. `user` may say its realm."""
        environment = self.environment(ccache)
        done = subprocess.run(["kinit", *options, user], input=f"{password}\n".encode(), env=environment, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return environment

    def kvno(self, environment: dict[str, str], service: str) -> str:
        """Get a service ticket with the TGT that `kinit` got; what kvno says of it, e.g. `HTTP/host@REALM: kvno = 2`."""
        done = subprocess.run(["kvno", service], env=environment, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().strip()

    def token(self, user: str, ccache: Path, *options: str, service: str = "", password: str = PASSWORD) -> bytes:
        """A SPNEGO token of a user for our service here."""
        environment = self.kinit(user, ccache, *options, password=password)
        return make_tokens(environment, service or f"HTTP/{self.host}@{self.realm}")[0]
