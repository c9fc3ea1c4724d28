"""Texts, principals and mapping rules for property tests: mostly awkward, partly ordinary."""

from hypothesis import strategies as st

from kerbauth.core.mapping import NameRules, Otherwise, PatternError, RefuseRule, Rule, rule
from kerbauth.core.names import Case
from kerbauth.core.principal import MalformedPrincipalError, Principal

# What principals and typed names are made of: separators, escapes, controls, combining marks, characters with odd cases, surrogates.
AWKWARD = "ab AZ.-$@/\\:ntb0\0\n\t\b\r\x85\u00a0\u202e\u0301\u0308\u1e9eß\u017f\u0131İ\u03c3\u03c2\u212a\ud800é中\U0001d160"

texts = st.one_of(st.text(AWKWARD, max_size=12), st.text(max_size=12), st.text(st.characters(exclude_categories=()), max_size=12))

parts = st.one_of(st.text(AWKWARD, min_size=1, max_size=8), st.text(min_size=1, max_size=8))


@st.composite
def principals(draw: st.DrawFn) -> Principal:
    try:
        return Principal(tuple(draw(st.lists(parts, min_size=1, max_size=3))), draw(parts))
    except MalformedPrincipalError:
        return Principal(("alice",), "CORP.EXAMPLE")


# Mapping rules draw from a tiny alphabet, so that rules meet often.
small_names = st.one_of(st.text("abA.-", min_size=1, max_size=4), st.text("abAB.-ßs\u017féE\u0301/2", min_size=1, max_size=5))

PLAIN_ATOMS = ("a", "b", r"\.", "-", "[ab]", "[a-b.]", "[^b]", ".", r"\w", "s")
_ALL_ATOMS = (*PLAIN_ATOMS, "A", "ß")
_counts = st.sampled_from(["", "", "", "?", "*", "+", "{1,2}", "{2}"])


@st.composite
def patterns(draw: st.DrawFn, atoms: tuple[str, ...] = _ALL_ATOMS) -> str:
    """Regular expressions, most of them within the supported part."""
    pieces = []
    atom = st.sampled_from(atoms)
    for _ in range(draw(st.integers(1, 3))):
        inner = "".join(draw(atom) + draw(_counts) for _ in range(draw(st.integers(1, 2))))
        if draw(st.booleans()):
            inner += f"|{draw(atom)}"
        wrap = draw(st.sampled_from(["({})", "({})", "(?:{})", "({})?", "(?:{})?"]))
        pieces.append(draw(st.sampled_from([wrap.format(inner), draw(atom) + draw(_counts), r"\.", "-"])))
    return "".join(pieces)


_templates = st.sampled_from(
    [r"\1", r"\2\1", r"\1.\2", r"x-\1", r"\1\1", r"\g<0>", r"a.\g<0>", r"\g<0>-b", "a", "ab", r"\1ß\2", r"\2-\1", r"\3.\1.\2"]
)


@st.composite
def rules(draw: st.DrawFn, *, declared: bool = False) -> RefuseRule | Rule:
    try:
        if draw(st.integers(0, 3)) == 0:
            return rule(principal=draw(st.text("ab.-*?A", min_size=1, max_size=4)), refuse=True)
        return rule(pattern=draw(patterns()), user=draw(_templates), many_to_one=declared and draw(st.booleans()))
    except PatternError:
        return rule(principal="zz", refuse=True)


@st.composite
def name_rules(draw: st.DrawFn, *, declared: bool = False) -> NameRules:
    case = draw(st.sampled_from(Case))
    entries = draw(st.dictionaries(st.text("ab", min_size=1, max_size=3), st.text("abA", min_size=1, max_size=3), max_size=2))
    return NameRules(
        case=case,
        allow_instances=draw(st.booleans()),
        map={case.fold(name): user for name, user in entries.items()},
        rules=tuple(draw(st.lists(rules(declared=declared), max_size=3))),
        otherwise=draw(st.sampled_from(Otherwise)),
        reserved_users=draw(st.sampled_from([("default",), ("a",), ()])),
    )


@st.composite
def patterns_and_names(draw: st.DrawFn) -> tuple[str, str]:
    """A pattern and a name that it covers."""
    pattern = draw(patterns(PLAIN_ATOMS))
    return pattern, draw(st.from_regex(pattern, fullmatch=True, alphabet="abs.-"))


@st.composite
def simple_rules(draw: st.DrawFn) -> NameRules:
    """Plain names, or a single rule that leads somewhere."""
    only = draw(rules(declared=True))
    if isinstance(only, RefuseRule):
        return NameRules(case=draw(st.sampled_from(Case)), reserved_users=())
    return NameRules(case=draw(st.sampled_from(Case)), rules=(only,), otherwise=draw(st.sampled_from(Otherwise)), reserved_users=())
