"""What is kept of an attempt: the audit record, with nothing in it that may be a password typed into the field for the name."""

from datetime import datetime

from kerbauth.attempt import Attempt, PasswordChange, TokenLogin, Trail
from kerbauth.core.audit import Action, AuditRecord
from kerbauth.core.audit_names import LEFT_OUT, AuditNames, repeats, shows_account
from kerbauth.core.names import RealmDirectory
from kerbauth.core.outcome import Changed, Granted, Unavailable, Verdict
from kerbauth.core.principal import Principal


class Recorder:
    """Makes the records. A name stands in one in clear once a KDC has confirmed it, now or of late; before that as a keyed hash."""

    def __init__(self, names: AuditNames, realms: RealmDirectory) -> None:
        self._names = names
        self._realms = realms

    def record(self, request: Attempt, verdict: Verdict | Changed, trail: Trail, time: datetime) -> AuditRecord:
        """The record of an attempt that ends with `verdict` now."""
        refusal = None if isinstance(verdict, Granted | Changed) else verdict
        shown, hashed, typed = self._name(request, verdict, trail)
        diagnostic = refusal.diagnostic if refusal else ""
        if typed is not None and repeats(diagnostic, typed):  # libkrb5: "Client 'NAME@REALM' not found in Kerberos database"
            diagnostic = LEFT_OUT
        return AuditRecord(
            time=time.isoformat(timespec="milliseconds"),
            origin=request.origin,
            verdict=type(verdict).__name__.lower(),
            reason=refusal.reason if refusal else None,
            stage=refusal.stage if refusal else None,
            principal=shown,
            principal_hash=hashed,
            realm=trail.principal.realm if trail.principal else None,
            user=trail.user,
            application=trail.application,
            tenant=None if isinstance(request, PasswordChange) else request.tenant,
            codes=refusal.codes if refusal else (),
            diagnostic=diagnostic,
            alarm=isinstance(verdict, Unavailable) and verdict.alarm,
            durations=_durations(trail),
            action=Action.PASSWORD_CHANGE if isinstance(request, PasswordChange) else Action.LOGIN,
        )

    def _name(self, request: Attempt, verdict: Verdict | Changed, trail: Trail) -> tuple[str | None, str | None, Principal | str | None]:
        """The name in clear, or its hash and the name itself, which must then be nowhere."""
        principal = trail.principal
        if principal is not None:
            if shows_account(verdict):
                self._names.confirm(principal)
            if self._names.is_known(principal):
                return str(principal), None, None
            return None, self._names.hashed(principal), principal
        if not isinstance(request, TokenLogin) and request.username:
            return None, self._names.hashed_as_typed(request.username, self._realms), request.username
        return None, None, None


def _durations(trail: Trail) -> dict[str, float]:
    durations: dict[str, float] = {}
    for step in trail.steps:
        durations[step.stage.value] = durations.get(step.stage.value, 0.0) + step.milliseconds
    return durations
