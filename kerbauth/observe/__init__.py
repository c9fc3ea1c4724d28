"""What is kept, counted and logged of login attempts: the audit file, the metrics and the log."""
