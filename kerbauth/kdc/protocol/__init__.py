"""Kerberos messages as bytes: what a KDC's reply says, read without libkrb5 and without any I/O.

Nothing here raises for what somebody else wrote, and nothing here is believed: a KRB-ERROR is not authenticated (RFC 4120 5.9.1), so it
chooses words and never grants.
"""
