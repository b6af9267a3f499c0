"""Text (UDF catalogue 1.2 §2.4), and what else a query does with text most often."""

from adql.functions.declaration import UserFunction, call

TEXTS = (
    UserFunction(
        "ivo_hasword",
        (("haystack", "VARCHAR"), ("needle", "VARCHAR")),
        "INTEGER",
        "1 if every word of needle is in haystack, else 0. Case does not matter, nor do English "
        "endings: galaxy finds galaxies.",
        call("starhaul.has_words"),
        condition=True,
    ),
    UserFunction(
        "ivo_nocasematch",
        (("value", "VARCHAR"), ("pattern", "VARCHAR")),
        "INTEGER",
        "1 if value matches the LIKE pattern, compared without case, else 0.",
        lambda a: ("(", a[0], " ILIKE ", a[1], " ESCAPE '')"),
        condition=True,
    ),
    UserFunction(
        "ivo_hashlist_has",
        (("hashlist", "VARCHAR"), ("item", "VARCHAR")),
        "INTEGER",
        "1 if item is one of the words that # separates in hashlist, compared without case, "
        "else 0.",
        lambda a: ("(lower(", a[1], ") = ANY (string_to_array(lower(", a[0], "), '#')))"),
        condition=True,
    ),
    UserFunction(
        "ivo_string_agg",
        (("expression", "VARCHAR"), ("delimiter", "VARCHAR")),
        "VARCHAR",
        "The values of expression in the group, joined by delimiter; NULL leaves no trace.",
        call("string_agg"),
        aggregate=True,
    ),
    UserFunction(
        "sh_length",
        (("value", "VARCHAR"),),
        "INTEGER",
        "Number of characters.",
        call("char_length"),
    ),
    UserFunction(
        "sh_substring",
        (("value", "VARCHAR"), ("start", "INTEGER")),
        "VARCHAR",
        "The text from a character on; the first is 1.",
        call("substr"),
    ),
    UserFunction(
        "sh_substring",
        (("value", "VARCHAR"), ("start", "INTEGER"), ("length", "INTEGER")),
        "VARCHAR",
        "So many characters of the text from a character on; the first is 1.",
        call("starhaul.part_of_text"),
    ),
    UserFunction(
        "sh_trim",
        (("value", "VARCHAR"),),
        "VARCHAR",
        "The text without blanks at its start and end.",
        call("btrim"),
    ),
    UserFunction(
        "sh_replace",
        (("value", "VARCHAR"), ("old", "VARCHAR"), ("new", "VARCHAR")),
        "VARCHAR",
        "The text with every occurrence of old replaced by new.",
        call("replace"),
    ),
)
