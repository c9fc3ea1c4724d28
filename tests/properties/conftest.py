"""How property tests run here."""

from hypothesis import settings

# A busy machine is no counterexample: how long one example takes is not what these tests are about.
settings.register_profile("kerbauth", deadline=None)
settings.load_profile("kerbauth")
