"""Processes: one that supervises, and workers that serve; nothing here knows what is served."""
