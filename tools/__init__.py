"""Programs for working on kerbauth; no part of what is installed."""
