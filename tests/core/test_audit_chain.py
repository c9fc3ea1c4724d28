"""The chain of the audit file: any single deletion, change, swap, repetition, insertion or cut is found and named right."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerbauth.core.audit_chain import START, Anchor, ChainKey, Link, anchor_body, body_of, unseal
from kerbauth.core.audit_order import moved
from kerbauth.core.audit_verify import Kind, Report, Verifier
from kerbauth.core.secret import Secret

KEY = ChainKey(Secret(b"k" * 32))
OTHER = ChainKey(Secret(b"o" * 32))
TIME = "2026-01-01T00:00:00.000+00:00"


def sealed(count: int, after: Link = START, key: ChainKey = KEY, why: Anchor = Anchor.BEGIN) -> tuple[list[bytes], Link]:
    """A file: an anchor and then logins."""
    bodies = [anchor_body(why, TIME, key), *(body_of("login", {"user": f"u{number}"}) for number in range(count))]
    lines = []
    for body in bodies:
        line, after = key.seal(after, body)
        lines.append(line)
    return lines, after


def checked(
    lines: list[bytes], end: Link | None = None, anchors: list[Link] | None = None, keys: tuple[ChainKey, ...] = (KEY,), torn: bytes = b""
) -> Report:
    verifier = Verifier(keys, end, anchors or [])
    verifier.file("audit.jsonl")
    for line in lines:
        verifier.line(line)
    if torn:
        verifier.line(torn, whole=False)
    return verifier.finish()


def kinds(report: Report) -> list[Kind]:
    return [finding.kind for finding in report.findings]


def where(report: Report) -> list[tuple[Kind, int]]:
    return [(finding.kind, finding.line) for finding in report.findings]


@given(count=st.integers(0, 30), first=st.integers(0, 1000))
def test_what_was_sealed_is_fine(count: int, first: int) -> None:
    lines, end = sealed(count, Link(first, "ab" * 32), why=Anchor.CONTINUED)
    report = checked(lines, end, [end])
    assert (report.findings, report.notes, report.unsure) == ((), (), ())
    assert (report.lines, report.first, report.last) == (count + 1, first + 1, first + count + 1)


def test_a_sealed_line_is_the_record_with_one_member_more() -> None:
    line, link = KEY.seal(Link(6, "ab" * 32), body_of("login", {"user": "a\n\u202e"}))
    assert line.isascii()
    assert b"\n" not in line
    assert json.loads(line) == {"kind": "login", "user": "a\n\u202e", "chain": {"seq": 7, "prev": "ab" * 32, "mac": link.mac}}
    assert list(json.loads(line)) == ["kind", "user", "chain"]


@given(data=st.data(), count=st.integers(1, 20))
def test_a_removed_line_is_found(data: st.DataObject, count: int) -> None:
    lines, end = sealed(count)
    gone = data.draw(st.integers(0, count))
    del lines[gone]
    report = checked(lines, end)
    assert kinds(report) == [Kind.CUT_OFF if gone == count else Kind.REMOVED]
    assert f"record {gone + 1 if gone else 2} " in report.findings[0].text


@given(data=st.data(), count=st.integers(1, 20))
def test_a_changed_line_is_found_and_is_one_finding(data: st.DataObject, count: int) -> None:
    lines, end = sealed(count)
    place = data.draw(st.integers(0, count))
    position = data.draw(st.integers(0, len(lines[place]) - 1))
    other = data.draw(st.integers(32, 126).filter(lambda byte: byte != lines[place][position]))
    lines[place] = lines[place][:position] + bytes([other]) + lines[place][position + 1 :]
    assert where(checked(lines, end)) == [(Kind.CHANGED, place + 1)]
    assert [finding.line for finding in checked(lines).findings] == [place + 1]


@given(data=st.data(), count=st.integers(2, 20))
def test_swapped_lines_are_found(data: st.DataObject, count: int) -> None:
    lines, end = sealed(count)
    first, second = sorted(data.draw(st.lists(st.integers(0, count), min_size=2, max_size=2, unique=True)))
    lines[first], lines[second] = lines[second], lines[first]
    report = checked(lines, end)
    assert set(kinds(report)) == {Kind.REORDERED}
    assert {finding.line for finding in report.findings} <= {first + 1, second + 1, first + 2, second}


@given(data=st.data(), count=st.integers(1, 20))
def test_a_repeated_line_is_found(data: st.DataObject, count: int) -> None:
    lines, end = sealed(count)
    source, target = data.draw(st.integers(0, count)), data.draw(st.integers(0, count + 1))
    lines.insert(target, lines[source])
    assert kinds(checked(lines, end)) == [Kind.REPEATED]


@given(data=st.data(), count=st.integers(1, 20))
def test_a_cut_off_end_is_found_where_the_end_is_known(data: st.DataObject, count: int) -> None:
    lines, end = sealed(count)
    content = b"\n".join(lines)
    left = content[: data.draw(st.integers(0, len(content) - 1))].split(b"\n")
    report = checked(left[:-1], end, torn=left[-1])
    assert Kind.CUT_OFF in kinds(report)
    assert set(kinds(report)) == {Kind.CUT_OFF}


@given(data=st.data(), count=st.integers(1, 20))
def test_an_added_line_is_found(data: st.DataObject, count: int) -> None:
    lines, end = sealed(count)
    place = data.draw(st.integers(1, count + 1))
    lines.insert(place, body_of("login", {"user": "forged"}))
    assert where(checked(lines, end)) == [(Kind.ADDED, place + 1)]


def test_older_lines_that_were_never_sealed_are_one_finding() -> None:
    lines, end = sealed(3, why=Anchor.CONTINUED)
    assert where(checked([b'{"user":"old"}'] * 50 + lines, end)) == [(Kind.ADDED, 1)]


def test_a_torn_line_with_a_whole_chain_around_it_is_a_note() -> None:
    lines, end = sealed(4)
    report = checked([*lines[:3], lines[3][:40], *lines[3:]], end)
    assert report.findings == ()
    assert [(note.kind, note.line) for note in report.notes] == [(Kind.TORN, 4)]


def test_a_torn_last_line_is_a_note() -> None:
    lines, end = sealed(4)
    report = checked(lines, end, torn=b'{"kind":"lo')
    assert (report.findings, [note.kind for note in report.notes]) == ((), [Kind.TORN])


def test_a_blank_line_is_nothing() -> None:
    lines, end = sealed(2)
    assert checked([lines[0], b"", *lines[1:]], end).findings == ()


def test_a_line_that_is_no_record_at_the_end_is_found() -> None:
    lines, _ = sealed(2)
    assert where(checked([*lines, b"gone"])) == [(Kind.CHANGED, 4)]


def test_a_file_without_anything_whole_is_cut_off() -> None:
    _, end = sealed(2)
    assert kinds(checked([], end)) == [Kind.CUT_OFF]
    assert checked([]).findings == ()


def test_lines_of_another_key_are_told_at_once() -> None:
    lines, link = sealed(2)
    more, end = sealed(3, link, OTHER, Anchor.BREAK)
    again, end = sealed(1, end, KEY, Anchor.CONTINUED)
    report = checked(lines + more + again, end)
    assert where(report) == [(Kind.UNKNOWN_KEY, 4)]
    assert OTHER.id in report.findings[0].text
    assert kinds(checked(lines + more + again, end, keys=(KEY, OTHER))) == [Kind.BREAK]


def test_two_other_keys_are_two_findings() -> None:
    lines, link = sealed(1, key=OTHER)
    more, end = sealed(1, link, ChainKey(Secret(b"third" * 10)), Anchor.BREAK)
    assert where(checked(lines + more, end)) == [(Kind.UNKNOWN_KEY, 1), (Kind.UNKNOWN_KEY, 3)]


def test_a_break_is_a_finding_with_its_words() -> None:
    lines, link = sealed(1)
    line, end = KEY.seal(link, anchor_body(Anchor.BREAK, TIME, KEY, "the file was removed"))
    report = checked([*lines, line], end)
    assert kinds(report) == [Kind.BREAK]
    assert "the file was removed" in report.findings[0].text


def test_a_line_of_another_history_is_found() -> None:
    lines, _ = sealed(3)
    other, _ = KEY.seal(Link(2, "cd" * 32), body_of("login", {"user": "mallory"}))
    lines[2] = other
    assert where(checked(lines)) == [(Kind.FORKED, 3), (Kind.FORKED, 4)]


def test_a_rewritten_chain_is_found_with_an_anchor_of_elsewhere() -> None:
    kept, _ = sealed(3)
    anchor = unseal(kept[2])
    assert anchor is not None
    lines, link = sealed(1)
    for user in ("mallory", "u3"):
        line, link = KEY.seal(link, body_of("login", {"user": user}))
        lines.append(line)
    report = checked(lines, link, [anchor.link])
    assert kinds(report) == [Kind.REWRITTEN]
    assert checked(kept, None, [anchor.link]).findings == ()


def test_an_end_of_another_history_is_found() -> None:
    lines, end = sealed(3)
    assert kinds(checked(lines, Link(end.seq, "ef" * 32))) == [Kind.REWRITTEN]


def test_lines_behind_the_known_end_are_fine() -> None:
    lines, _ = sealed(3)
    middle = unseal(lines[2])
    assert middle is not None
    assert checked(lines, middle.link).findings == ()


@pytest.mark.parametrize(("seq", "said"), [(99, "the files end before it"), (3, "not in the files")])
def test_an_anchor_that_cannot_be_compared_is_not_fine(seq: int, said: str) -> None:
    lines, _ = sealed(5, Link(10, "ab" * 32), why=Anchor.CONTINUED)
    report = checked(lines, None, [Link(seq, "ab" * 32)])
    assert report.findings == ()
    assert [said in each.text for each in report.unsure] == [True]


def test_a_finding_names_the_file_and_its_line() -> None:
    lines, link = sealed(3)
    more, end = sealed(3, link, why=Anchor.CONTINUED)
    verifier = Verifier([KEY], end)
    for name, content in (("audit.jsonl.1", lines), ("audit.jsonl", [*more[:2], *more[3:]])):
        verifier.file(name)
        for line in content:
            verifier.line(line)
    (finding,) = verifier.finish().findings
    assert (finding.kind, finding.file, finding.line) == (Kind.REMOVED, "audit.jsonl", 3)


def test_a_whole_file_that_is_not_there_is_found() -> None:
    first, link = sealed(3)
    _, link = sealed(5, link, why=Anchor.CONTINUED)
    third, end = sealed(2, link, why=Anchor.CONTINUED)
    (finding,) = checked(first + third, end).findings
    assert (finding.kind, finding.text) == (Kind.REMOVED, "the 6 records 5 to 10 are missing before this line")


@given(lines=st.lists(st.binary(max_size=40)), torn=st.binary(max_size=40))
def test_whatever_stands_in_a_file_is_checked_without_an_error(lines: list[bytes], torn: bytes) -> None:
    checked(lines, torn=torn)


@given(numbers=st.lists(st.integers(0, 30)))
def test_what_is_left_when_the_moved_go_is_in_order(numbers: list[int]) -> None:
    gone = moved(numbers)
    left = [number for place, number in enumerate(numbers) if place not in gone]
    assert left == sorted(set(left))
    if len(set(numbers)) == len(numbers) and numbers:
        assert len(left) >= 1


def test_as_few_as_can_be_are_moved() -> None:
    assert moved([1, 9, 2, 3, 4, 5]) == {1}
    assert moved([5, 1, 2, 3, 4]) == {0}


def test_no_file_at_all_is_cut_off() -> None:
    (finding,) = Verifier([KEY], Link(3, "ab" * 32)).finish().findings
    assert (finding.kind, finding.file) == (Kind.CUT_OFF, "")


def test_an_interval_anchor_is_a_line_like_any_other() -> None:
    lines, link = sealed(2)
    line, end = KEY.seal(link, anchor_body(Anchor.INTERVAL, TIME, KEY))
    assert checked([*lines, line], end).findings == ()
    assert where(checked([line], end)) == [(Kind.REMOVED, 1)]


def test_several_changed_and_removed_lines_in_one_gap_are_each_found() -> None:
    lines, end = sealed(8)
    lines[4] = lines[4].replace(b"u3", b"xx")
    lines[5] = b'{"kind":"login"}'
    del lines[6:8]
    assert where(checked(lines, end)) == [(Kind.CHANGED, 5), (Kind.CHANGED, 6), (Kind.REMOVED, 7)]


def test_a_signature_is_of_its_key_and_text() -> None:
    assert len({KEY.sign(b"a"), KEY.sign(b"b"), OTHER.sign(b"a")}) == 3


def test_what_is_missing_between_changed_lines_is_found() -> None:
    lines, end = sealed(8)
    for place in (4, 6):
        lines[place] = lines[place].replace(b"login", b"logon")
    del lines[3], lines[4]
    report = checked(lines, end)
    assert where(report) == [(Kind.CHANGED, 4), (Kind.CHANGED, 5), (Kind.REMOVED, 6), (Kind.REMOVED, 6)]
    assert [finding.text.partition(" ")[2].partition(" ")[0] for finding in report.findings] == ["5", "7", "4", "6"]


def test_an_anchor_whose_key_was_changed_is_a_changed_line() -> None:
    lines, end = sealed(2)
    lines[0] = lines[0].replace(KEY.id.encode(), OTHER.id.encode())
    assert where(checked(lines, end)) == [(Kind.CHANGED, 1)]


def test_two_swapped_lines_are_two_that_stand_elsewhere() -> None:
    lines, end = sealed(5)
    lines[1], lines[4] = lines[4], lines[1]
    assert where(checked(lines, end)) == [(Kind.REORDERED, 2), (Kind.REORDERED, 5)]


def test_a_line_that_is_there_twice_is_told_where_it_is_too_much() -> None:
    lines, end = sealed(5)
    assert where(checked([*lines, lines[2]], end)) == [(Kind.REPEATED, 7)]


def test_a_first_line_that_nobody_can_read_is_a_changed_line() -> None:
    lines, end = sealed(3)
    assert where(checked([b"gone", *lines[1:]], end)) == [(Kind.CHANGED, 1)]
