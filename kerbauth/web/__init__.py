"""The HTTP door: password logins, single sign-on, and what an operator asks."""
