#!/usr/bin/python3
"""Changes and reads a Samba domain's directory, for tests: one JSON request per line on stdin, one JSON reply per line on stdout.

Run with Debian's own Python, which has Samba's modules: `/usr/bin/python3 directory_tool.py SMB.CONF`. One process answers in milliseconds
what takes samba-tool 0.4 s each. It works on the database itself, while the domain controller runs or before.
"""

import json
import sys
import time
from typing import Any

import ldb
import samba.dckeytab  # noqa: F401 -- gives Net its export_keytab
from samba import dsdb
from samba.auth import system_session
from samba.dcerpc import drsblobs, lsa, security
from samba.ndr import ndr_pack, ndr_unpack
from samba.net import Net
from samba.param import LoadParm
from samba.samdb import SamDB

GROUPS = {
    "global": None,
    "local": dsdb.GTYPE_SECURITY_DOMAIN_LOCAL_GROUP,
    "universal": dsdb.GTYPE_SECURITY_UNIVERSAL_GROUP,
    "distribution": dsdb.GTYPE_DISTRIBUTION_GLOBAL_GROUP,
}
BYPASS = f"local_oid:{dsdb.DSDB_CONTROL_BYPASS_PASSWORD_HASH_OID}:0"


def filetime(seconds_from_now: float = 0.0) -> int:
    return int((time.time() + seconds_from_now + 11_644_473_600) * 10**7)


class Directory:
    def __init__(self, conf: str) -> None:
        self.lp = LoadParm()
        self.lp.load(conf)
        self.db = SamDB(url=self.lp.private_path("sam.ldb"), session_info=system_session(self.lp), lp=self.lp)

    def dn(self, name: str) -> Any:
        found = self.db.search(expression=f"(sAMAccountName={ldb.binary_encode(name)})", attrs=[])
        if len(found) != 1:
            msg = f"{name!r}: {len(found)} accounts"
            raise KeyError(msg)
        return found[0].dn

    def modify(self, dn: Any, values: dict[str, Any], *, how: int = ldb.FLAG_MOD_REPLACE, controls: tuple[str, ...] = ()) -> None:
        message = ldb.Message(dn)
        for key, value in values.items():
            message[key] = ldb.MessageElement([] if value is None else value, how, key)
        self.db.modify(message, controls=list(controls))

    def user(self, name: str, password: str | None, **values: Any) -> None:
        self.db.newuser(name, password)
        if values:
            self.set(name, **values)

    def computer(self, name: str, password: str = "") -> None:
        """Make a computer's account, NAME$; it has no key if it has no password."""
        self.db.newcomputer(name)
        if password:
            self.password(f"{name}$", password)

    def group(self, name: str, kind: str = "global", members: tuple[str, ...] = ()) -> None:
        self.db.newgroup(name, grouptype=GROUPS[kind])
        self.members(name, members)

    def members(self, group: str, members: tuple[str, ...]) -> None:
        if members:
            self.db.add_remove_group_members(group, list(members))

    def remove_members(self, group: str, members: tuple[str, ...]) -> None:
        self.db.add_remove_group_members(group, list(members), add_members_operation=False)

    def many_groups(self, sid: str, kind: str, count: int) -> None:
        """Put an account, which may be another domain's, into so many new groups, in one transaction."""
        self.db.transaction_start()
        try:
            for number in range(count):
                name = f"many-{sid}-{number}"
                self.group(name, kind)
                self.foreign_member(name, sid)
        except BaseException:
            self.db.transaction_cancel()
            raise
        self.db.transaction_commit()

    def foreign_member(self, group: str, sid: str) -> None:
        self.modify(self.dn(group), {"member": f"<SID={sid}>"}, how=ldb.FLAG_MOD_ADD)

    def set(self, name: str, **values: Any) -> None:
        self.modify(self.dn(name), values)

    def add(self, name: str, **values: Any) -> None:
        self.modify(self.dn(name), values, how=ldb.FLAG_MOD_ADD)

    def flags(self, name: str, *flags: str) -> None:
        """Set flags of userAccountControl, e.g. ACCOUNTDISABLE."""
        value = int(self.get(name, "userAccountControl")[0])
        for flag in flags:
            value |= getattr(dsdb, f"UF_{flag}")
        self.set(name, userAccountControl=str(value))

    def clear_flags(self, name: str, *flags: str) -> None:
        """Take flags of userAccountControl away."""
        value = int(self.get(name, "userAccountControl")[0])
        for flag in flags:
            value &= ~getattr(dsdb, f"UF_{flag}")
        self.set(name, userAccountControl=str(value))

    def lock(self, name: str, wrong_passwords: int) -> None:
        """Leave an account as so many wrong passwords just now leave it when they reach the threshold."""
        now = str(filetime())
        self.set(name, lockoutTime=now, badPwdCount=str(wrong_passwords), badPasswordTime=now)

    def unlock(self, name: str) -> None:
        """What an administrator does: lockoutTime is set to zero (MS-ADTS 3.1.1.3.4.7.6, badPwdCount goes with it)."""
        self.set(name, lockoutTime="0")

    def rename(self, name: str, new: str) -> None:
        """Give an account another sAMAccountName; its SID stays."""
        self.set(name, sAMAccountName=new)

    def password(self, name: str, password: str, *, must_change: bool = False) -> None:
        self.db.setpassword(f"(sAMAccountName={ldb.binary_encode(name)})", password, force_change_at_next_login=must_change)

    def password_age(self, name: str, days: float) -> None:
        self.modify(self.dn(name), {"pwdLastSet": str(filetime(-days * 86_400))}, controls=(BYPASS,))

    def without_aes(self, name: str) -> None:
        """Take all keys from an account but the RC4 one, as if its password were older than the domain's AES keys (MS-SAMR 3.1.1.8.11)."""
        self.modify(self.dn(name), {"supplementalCredentials": None}, controls=(BYPASS,))

    def logon_hours(self, name: str, hours: str) -> None:
        """Set the hours of the week in which an account may log in, 21 bytes in hexadecimal."""
        self.set(name, logonHours=bytes.fromhex(hours))

    def delete(self, name: str) -> None:
        self.db.delete(self.dn(name))

    def get(self, name: str, attribute: str) -> list[str]:
        found = self.db.search(base=self.dn(name), scope=ldb.SCOPE_BASE, attrs=[attribute])
        return [value.decode() for value in found[0].get(attribute, [])]

    def sid(self, name: str) -> str:
        found = self.db.search(base=self.dn(name), scope=ldb.SCOPE_BASE, attrs=["objectSid"])
        return str(ndr_unpack(security.dom_sid, found[0]["objectSid"][0]))

    def domain_sid(self) -> str:
        return str(self.db.get_domain_sid())

    def policy(self, **values: Any) -> None:
        self.modify(ldb.Dn(self.db, str(self.db.domain_dn())), values)

    def upn_suffixes(self, *suffixes: str) -> None:
        self.modify(ldb.Dn(self.db, f"CN=Partitions,CN=Configuration,{self.db.domain_dn()}"), {"uPNSuffixes": list(suffixes)})

    def keytab(self, file: str, *principals: str) -> None:
        """Append the keys of service principals or accounts to a keytab."""
        for principal in principals:
            Net(None, self.lp).export_keytab(keytab=file, principal=principal)

    def trust(self, dns: str, netbios: str, sid: str, password: str) -> None:
        """Trust another domain in both directions (MS-ADTS 6.1.6.7): uplevel, forest transitive, AES."""
        self.db.add(
            {
                "dn": f"CN={dns},CN=System,{self.db.domain_dn()}",
                "objectClass": "trustedDomain",
                "trustPartner": dns,
                "flatName": netbios,
                "trustDirection": str(lsa.LSA_TRUST_DIRECTION_INBOUND | lsa.LSA_TRUST_DIRECTION_OUTBOUND),
                "trustType": str(lsa.LSA_TRUST_TYPE_UPLEVEL),
                "trustAttributes": str(lsa.LSA_TRUST_ATTRIBUTE_FOREST_TRANSITIVE),
                "trustAuthIncoming": _trust_password(password),
                "trustAuthOutgoing": _trust_password(password),
                "msDS-SupportedEncryptionTypes": "24",
                "securityIdentifier": ndr_pack(security.dom_sid(sid)),
            }
        )


def _trust_password(password: str) -> bytes:
    clear = drsblobs.AuthInfoClear()
    content = list(password.encode("utf-16-le"))
    clear.size, clear.password = len(content), content  # in this order: the binding cuts the second to the first
    info = drsblobs.AuthenticationInformation()
    info.LastUpdateTime, info.AuthType, info.AuthInfo = filetime(), lsa.TRUST_AUTH_TYPE_CLEAR, clear
    current = drsblobs.AuthenticationInformationArray()
    current.count, current.array = 1, [info]
    blob = drsblobs.trustAuthInOutBlob()
    blob.count, blob.current = 1, current
    return ndr_pack(blob)


def main() -> None:
    directory = Directory(sys.argv[1])
    replies, sys.stdout = sys.stdout, sys.stderr  # Samba's modules print what they do
    for line in sys.stdin:
        name, arguments, values = json.loads(line)
        try:
            reply = {"value": getattr(directory, name)(*arguments, **values)}
        except Exception as error:  # noqa: BLE001 -- whatever it is, the test that asked is told
            reply = {"error": f"{name}: {type(error).__name__}: {error}"}
        print(json.dumps(reply), file=replies, flush=True)


if __name__ == "__main__":
    main()
