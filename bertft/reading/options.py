"""What the user may say about a file: its format, encoding, delimiter, and whether its first line names the columns.
None means: find out. Words that cannot be meant are refused here, before any file is opened."""

from __future__ import annotations

from dataclasses import dataclass

from bertft.errors import DataError

FORMATS = ("csv", "tsv", "jsonl", "json", "parquet", "arrow", "conll", "text", "fasttext", "xlsx")
FORMAT_BY_SUFFIX = {
    ".csv": "csv",
    ".psv": "csv",
    ".ssv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    **dict.fromkeys(
        (".conll", ".conll2003", ".conllu", ".conllup", ".iob", ".iob2", ".bio", ".bioes", ".iobes"), "conll"
    ),
    **dict.fromkeys((".bmes", ".gold_conll", ".auto_conll", ".v4_gold_conll"), "conll"),
}
DELIMITER_BY_SUFFIX = {".tsv": "\t", ".tab": "\t", ".psv": "|", ".ssv": ";"}
DELIMITER_WORDS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}


@dataclass(frozen=True)
class ReadOptions:
    """How to read a file where the file itself should not be asked."""

    format: str | None = None
    """One of FORMATS."""
    encoding: str | None = None
    """A codec's name, as gb18030, latin-1, utf-16."""
    delimiter: str | None = None
    """One character, or one of the words tab, comma, semicolon, pipe, space."""
    header: bool = True
    """False: the first line is data, and the columns are called column_1, column_2 ..."""
    sheet: str | None = None
    """Of an Excel workbook."""
    sentence: str | None = None
    """Column that numbers the sentences of a file of one word a row; None: by its looks."""
    document: str | None = None
    """Column that names each row's document."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "format", _known_format(self.format))
        object.__setattr__(self, "delimiter", _one_character(self.delimiter))
        if self.encoding is not None:
            _check_codec(self.encoding)


def _known_format(name: str | None) -> str | None:
    if name is None:
        return None
    plain = name.lower().lstrip(".")
    plain = "jsonl" if plain == "ndjson" else plain
    if plain not in FORMATS:
        raise DataError(f"--format {name}: no such format; wanted one of {', '.join(FORMATS)}.")
    return plain


def _one_character(delimiter: str | None) -> str | None:
    if delimiter is None:
        return None
    character = DELIMITER_WORDS.get(delimiter.lower(), delimiter)
    if len(character) != 1 or character in '"\r\n\\\0':
        words = ", ".join(word for word in DELIMITER_WORDS if word.isalpha())
        raise DataError(f"--delimiter {delimiter!r}: wanted one character (not a quote or a newline), or {words}.")
    return character


def _check_codec(name: str) -> None:
    """The codec must exist and turn bytes into text; rot13 and base64 do not."""
    try:
        known = isinstance(b"text".decode(name), str)
    except UnicodeError:
        known = True
    except (LookupError, ValueError):
        known = False
    if not known:
        raise DataError(
            f"--encoding {name}: no such encoding; "
            f"try utf-8, utf-16, gb18030, big5, shift_jis, euc_kr, cp1251 or cp1252."
        )
