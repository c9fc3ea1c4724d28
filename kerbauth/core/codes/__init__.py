"""The catalogue of codes: what a number from a KDC, a library or a protocol means at which stage of a login."""
