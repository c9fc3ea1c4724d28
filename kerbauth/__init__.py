"""kerbauth: external authentication for Genesys applications against a Kerberos KDC."""

__version__ = "0.1.0"
