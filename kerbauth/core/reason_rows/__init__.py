"""The rows of the table of reasons, by what they are about. `kerbauth.core.reason_table` puts them together."""
