"""Wrong passwords slow down and stop here, before they lock the account at the KDC."""
