"""Active Directory's own directory, asked over LDAP as the account of our keytab: which SID a group's name stands for."""
