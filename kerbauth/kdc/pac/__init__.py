"""The PAC (MS-PAC): what a Windows domain controller says in a ticket about its owner, read without libkrb5 and without any I/O.

Nothing here raises for what somebody else wrote, and nothing here proves anything: that a PAC comes from the domain controller is what its
signatures say, and libkrb5 verifies those. Only what it calls authenticated may be read for a decision.
"""
