import itertools

import pytest

from kerbauth.process.messages import TEXT_LIMIT, Channel, Closed, Message, Word
from kerbauth.process.patience import AT_ONCE, FREE, LONGEST_PAUSE, Patience


@pytest.mark.parametrize("message", [Message(Word.READY), Message(Word.LOAD, 7, "a b\nc"), Message(Word.FAILED, 0, "ü \u202e")])
def test_a_message_arrives_as_it_was_sent(message: Message) -> None:
    ours, theirs = Channel.pair()
    assert ours.send(message)
    assert theirs.receive() == message
    assert theirs.receive() is None
    ours.close()
    theirs.close()


def test_a_message_that_is_too_long_is_cut() -> None:
    ours, theirs = Channel.pair()
    ours.send(Message(Word.FAILED, 0, "ü" * TEXT_LIMIT))
    heard = theirs.receive()
    assert isinstance(heard, Message)
    assert 0 < len(heard.text) < TEXT_LIMIT
    ours.close()
    theirs.close()


def test_the_end_of_the_other_side_is_seen_after_its_last_words() -> None:
    ours, theirs = Channel.pair()
    ours.send(Message(Word.ALIVE))
    ours.close()
    assert theirs.receive() == Message(Word.ALIVE)
    assert isinstance(theirs.receive(), Closed)
    assert not theirs.send(Message(Word.ALIVE))
    theirs.close()


def test_a_side_that_never_reads_blocks_nobody() -> None:
    ours, theirs = Channel.pair()
    message = Message(Word.ALIVE, 0, "x" * 1000)
    sent = next(count for count in itertools.count() if not ours.send(message))
    assert sent > 0
    assert theirs.receive() == message  # what was taken is not lost
    assert ours.send(message), "there is room again"
    ours.close()
    theirs.close()


def test_a_few_may_end_at_once_without_a_pause_and_then_pauses_double_up_to_a_limit() -> None:
    patience = Patience()
    pauses = [patience.ended(None) for _ in range(FREE + 9)]
    assert pauses == [0.0] * FREE + [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, LONGEST_PAUSE, LONGEST_PAUSE, LONGEST_PAUSE]


def test_one_that_served_for_a_while_ends_the_count() -> None:
    patience = Patience()
    for _ in range(FREE):
        patience.ended(AT_ONCE / 2)
    assert patience.ended(AT_ONCE) == 0.0
    assert patience.ended(None) == 0.0
