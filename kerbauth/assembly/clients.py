"""The configured clients, as the HTTP door knows them."""

from kerbauth.core.audit import Door
from kerbauth.settings import ClientSettings, Settings
from kerbauth.settings.secret_files import read_secret_file
from kerbauth.web.clients import Client, Clients


def registered_clients(settings: Settings) -> Clients:
    """All clients. Raises SecretFileError and ValueError for what changed since the settings were checked."""
    return Clients((_client(name, client) for name, client in settings.clients.items()), required=settings.server.require_client)


def _client(name: str, client: ClientSettings) -> Client:
    return Client(
        name=name,
        token=None if client.token_file is None else read_secret_file(client.token_file),
        disclosure=client.disclosure,
        application=client.application,
        identity_only=client.identity_only,
        certificate=client.certificate,
        addresses=client.addresses,
        doors=frozenset(Door(door) for door in client.doors),
        realms=None if client.realms is None else frozenset(client.realms),
        applications=None if client.applications is None else frozenset(client.applications),
        operations=client.operations,
    )
