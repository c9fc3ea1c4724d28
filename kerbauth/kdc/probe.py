"""Asking a KDC for a sign of life without checking any password."""

from typing import Final

import krb5

from kerbauth.core.codes import catalogue
from kerbauth.core.text import shown

ANSWERED: Final = "the KDC answers"
"""How a problem begins that a KDC itself told us."""

_LAST_OF_THE_PROTOCOL: Final = 127  # above it are libkrb5's own numbers, for which no KDC needs to have answered


def problem(service: str) -> str:
    """Empty if the KDC of our service's realm answers and knows the service, else one sentence. Blocks.

    One AS-REQ without pre-authentication for our own principal: the KDC answers with what it would need (25, RFC 4120 5.2.7.5), which
    checks no key and counts nothing against anybody.
    """
    try:
        context = krb5.init_context()
        name = krb5.parse_name_flags(context, service.encode())
        krb5.get_etype_info(context, name, krb5.get_init_creds_opt_alloc(context))
    except krb5.Krb5Error as error:
        code = catalogue.classify(error.err_code)
        number = catalogue.protocol_number(code)
        if number == 6:  # KDC_ERR_C_PRINCIPAL_UNKNOWN
            return f"{ANSWERED} but does not know our principal {service}"
        if number is not None and number <= _LAST_OF_THE_PROTOCOL:  # any other answer of the KDC is a sign of life
            return ""
        return shown(str(error))
    return ""
