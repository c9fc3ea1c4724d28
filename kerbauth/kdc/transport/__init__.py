"""Carrying requests to a realm's KDCs and their replies back: over our own sockets, on the event loop, with no libkrb5 in it.

Nothing here knows what a request holds. `kdcs.Kdcs` is the way in.
"""
