"""What a token's channel binding is compared with."""

from kerbauth.core.channel import NOT_LOOKED_AT, BindingMode, ChannelBinding


def test_by_default_it_is_not_looked_at() -> None:
    assert ChannelBinding(BindingMode.OFF, ()) == NOT_LOOKED_AT


def test_the_certificate_of_the_connection_comes_before_the_others() -> None:
    assert ChannelBinding(BindingMode.ALLOW, (b"a", b"b")).with_first(b"c") == ChannelBinding(BindingMode.ALLOW, (b"c", b"a", b"b"))


def test_a_certificate_that_is_among_the_others_is_there_once() -> None:
    assert ChannelBinding(BindingMode.REQUIRE, (b"a", b"b")).with_first(b"b").acceptable == (b"b", b"a")


def test_a_connection_without_tls_leaves_the_others() -> None:
    binding = ChannelBinding(BindingMode.ALLOW, (b"a",))
    assert binding.with_first(None) is binding
