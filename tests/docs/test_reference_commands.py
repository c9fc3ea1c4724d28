from pathlib import Path

from tools import reference_commands


def test_the_page_is_what_the_command_line_says() -> None:
    for path, text in reference_commands.render().items():
        assert (Path(__file__).parents[2] / path).read_text() == text, "run: make reference"


def test_every_command_is_on_the_page() -> None:
    (text,) = reference_commands.render().values()
    for command in ("serve", "demo", "login", "map", "explain", "keytab show", "config check", "config reference"):
        assert f"## `kerbauth {command}`" in text
