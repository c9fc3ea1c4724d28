"""`python -m kerbauth` is the same as `kerbauth`."""

from kerbauth.cli.main import run

if __name__ == "__main__":
    run()
