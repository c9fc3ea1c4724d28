"""Tickets for a realm's directory, by the KDCs that its logins ask as well."""

from collections.abc import Sequence

from kerbauth.kdc.asking import Asking
from kerbauth.kdc.cpu import Cpu
from kerbauth.kdc.libkrb5.armour import ArmourCache, ArmourTicket
from kerbauth.kdc.own_ticket import NoTicket, get_own_ticket, get_service_ticket
from kerbauth.kdc.realm import KerberosRealm
from kerbauth.settings.fields import split_host_port


class OwnTickets:
    """Implements `groups.Tickets`. `keytab` is the name of the keytab in memory that has the key of `realm.client`."""

    def __init__(self, realm: KerberosRealm, asking: Asking, cpu: Cpu, keytab: bytes) -> None:
        self._realm = realm
        self._asking = asking
        self._cpu = cpu
        self._keytab = keytab

    async def own(self) -> ArmourTicket | NoTicket:
        """See `groups.Tickets`."""
        await self._asking.begin()
        return await get_own_ticket(self._realm, self._asking.kdcs, self._cpu, self._keytab)

    async def service(self, own: ArmourTicket, service: str) -> ArmourCache | NoTicket:
        """See `groups.Tickets`."""
        return await get_service_ticket(self._realm, self._asking.kdcs, self._cpu, own, service)

    def hosts(self) -> Sequence[str]:
        """See `groups.Tickets`."""
        return [split_host_port(state.name).host for state in self._asking.kdcs.states()]
