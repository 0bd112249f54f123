"""Function bodies are compared token by token."""

from collections.abc import Iterator

import pytest
from fixtures.servers import Server, attributes, catalog_of

from pgfleet.catalog.objects import ObjectKind

pytestmark = pytest.mark.every_version

SAME_BODIES = {
    "white space": ("BEGIN RETURN 1; END", "\nBEGIN\n\tRETURN  1;\r\nEND\n"),
    "no white space": ("a := b + 1; c := d(e, f);", "a:=b+1;c:=d(e,f);"),
    "keywords and names in another case": ("BEGIN RETURN New; END", "begin return NEW; end"),
    "line comment": ("BEGIN RETURN 1; END", "BEGIN -- the one\nRETURN 1; END"),
    "line comment with a quote": ("RETURN x || 'A';", "-- it's \"so\nRETURN x -- isn't it\n || 'A';"),
    "empty line comment": ("RETURN 1;", "--\nRETURN 1;"),
    "line comment at the very end": ("RETURN 1;", "RETURN 1; -- done"),
    "line comment and a line end at the end": ("RETURN 1;", "RETURN 1; -- done\n"),
    "block comment": ("RETURN 1;", "RETURN /* the\none */ 1;"),
    "block comment with a quote": ("RETURN 'A';", "RETURN /* it's */ /* \" */ 'A';"),
    "block comment with stars": ("RETURN 1;", "/**/RETURN/***/1/* * ** / **/;"),
    "block comment at the very end": ("RETURN 1;", "RETURN 1; /* done */"),
    "block comment in a block comment": ("RETURN 1;", "RETURN /* a /* b */ c */ 1;"),
    "comment instead of white space": ("RETURN 1;", "RETURN/**/1;"),
    "only comments more": ("RETURN 1;", "-- one\n/* two */ -- three\nRETURN 1;\n-- four\n/* five */\n"),
    "case after a string with a comment's mark": ("RETURN '--' || x;", "RETURN '--' || X;"),
    "case after a string that ends in a backslash": (r"RETURN 'c:\' || x;", r"RETURN 'c:\' || X;"),
    "case after an escape string with a quote": (r"RETURN E'it\'s' || x;", r"RETURN E'it\'s' || X;"),
    "case after an escape string with a backslash": (r"RETURN E'\\' || x;", r"RETURN E'\\' || X;"),
    "case of the E": ("RETURN E'a';", "RETURN e'a';"),
    "case between two dollar strings": ("RETURN $q$a$q$ || lower($q$b$q$);", "RETURN $q$a$q$ || LOWER($q$b$q$);"),
    "case after a name with a quote": ('SELECT "a""b", c;', 'SELECT "a""b", C;'),
    "case after a word that ends in e": (
        "RETURN CASE WHEN x THEN 'A' ELSE'B' END;",
        "return case when X then 'A' else'B' end;",
    ),
    "case after a parameter": ("SELECT $1 + a;", "SELECT $1 + A;"),
}

OTHER_BODIES = {
    "string in another case": ("RETURN 'a';", "RETURN 'A';"),
    "white space in a string": ("RETURN 'a b';", "RETURN 'a  b';"),
    "line end in a string": ("RETURN 'a b';", "RETURN 'a\nb';"),
    "string after a doubled quote": ("RETURN 'it''s A';", "RETURN 'it''s a';"),
    "comment's mark in a string": ("RETURN 'a -- b';", "RETURN 'a -- c';"),
    "block comment in a string": ("RETURN 'a /* b */';", "RETURN 'a ';"),
    "string between comments with quotes": ("/* ' */ RETURN 'A'; /* ' */", "/* ' */ RETURN 'a'; /* ' */"),
    "string after a line comment with a quote": ("-- it's\nRETURN 'A';", "-- it's\nRETURN 'a';"),
    "quoted name in another case": ('SELECT "Col";', 'SELECT "col";'),
    "quoted name with a doubled quote": ('SELECT "a""B";', 'SELECT "a""b";'),
    "escape string": (r"RETURN E'it\'s A';", r"RETURN E'it\'s a';"),
    "string after an escape string": (r"RETURN E'\\' || 'A';", r"RETURN E'\\' || 'a';"),
    "string after one that ends in a backslash": (r"RETURN 'c:\' || 'A';", r"RETURN 'c:\' || 'a';"),
    "string after a word that ends in e": (
        "RETURN CASE WHEN x THEN 1 ELSE'A' END;",
        "RETURN CASE WHEN x THEN 1 ELSE'a' END;",
    ),
    "escape string, and not": (r"RETURN E'\n';", r"RETURN '\n';"),
    "dollar string": ("EXECUTE $q$SELECT 'a'$q$;", "EXECUTE $q$select 'a'$q$;"),
    "comment in a dollar string": ("EXECUTE $q$SELECT 1 -- a\n$q$;", "EXECUTE $q$SELECT 1 \n$q$;"),
    "dollar string with a quote": ("RETURN $q$it's$q$ || 'A';", "RETURN $q$it's$q$ || 'a';"),
    "dollar string in a dollar string": ("RETURN $a$ $b$X$b$ $a$;", "RETURN $a$ $b$x$b$ $a$;"),
    "second dollar string": ("RETURN $q$a$q$ || $q$B$q$;", "RETURN $q$a$q$ || $q$b$q$;"),
    "dollar string without a tag": ("RETURN $$A$$;", "RETURN $$a$$;"),
    "letters that are not ASCII": ("RETURN 'Ä';", "RETURN 'ä';"),
    "code, and a comment": ("RETURN 1;\n-- RETURN 2;", "RETURN 1;\nRETURN 2;"),
    "where a comment ends": ("-- x\nRETURN 1; RETURN 2;", "-- x RETURN 1;\nRETURN 2;"),
    "number": ("RETURN 1;", "RETURN 2;"),
    "parameter": ("SELECT $1;", "SELECT $2;"),
    "name in one, and in two": ("SELECT a b;", "SELECT ab;"),
    "nothing": ("RETURN 1;", ""),
}


@pytest.fixture(scope="module")
def bodies(server: Server) -> Iterator[dict[str, tuple[str | None, str | None]]]:
    """The bodies above as they are read, by the names of their pairs."""
    pairs = {**SAME_BODIES, **OTHER_BODIES}
    assert len(pairs) == len(SAME_BODIES) + len(OTHER_BODIES)
    name = server.create_database()
    make = "CREATE FUNCTION {}_{}() RETURNS text LANGUAGE plpgsql AS $_body_${}$_body_$;"
    texts = [
        make.format(side, n, pair[n_side]) for n, pair in enumerate(pairs.values()) for n_side, side in enumerate("ab")
    ]
    server.execute("SET check_function_bodies = off;" + "".join(texts), name)
    found = attributes(catalog_of(server, name), ObjectKind.FUNCTION)
    yield {pair: (found[f"a_{n}()"]["body"], found[f"b_{n}()"]["body"]) for n, pair in enumerate(pairs)}
    server.drop_database(name)


@pytest.mark.parametrize("pair", SAME_BODIES)
def test_bodies_that_differ_in_white_space_comments_or_case_are_equal(
    bodies: dict[str, tuple[str | None, str | None]], pair: str
) -> None:
    one, other = bodies[pair]
    assert one == other


@pytest.mark.parametrize("pair", OTHER_BODIES)
def test_bodies_that_differ_in_meaning_differ(bodies: dict[str, tuple[str | None, str | None]], pair: str) -> None:
    one, other = bodies[pair]
    assert one != other
