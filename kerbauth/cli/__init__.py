"""The command line: each command is a thin module that parses arguments, calls, and prints."""
