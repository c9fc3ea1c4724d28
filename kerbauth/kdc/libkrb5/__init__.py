"""Calling the functions of libkrb5 that no binding on PyPI has: the AS and TGS exchanges step by step, and what comes out of them."""
