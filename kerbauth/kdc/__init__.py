"""Everything Kerberos: the only package that imports gssapi, krb5 or spnego.

Importing it changes nothing; `runtime.activate` sets the process's Kerberos environment, once, before the first thread starts.
"""
