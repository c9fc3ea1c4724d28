"""What is kept and counted of logins: the audit file, the metrics and the log."""
