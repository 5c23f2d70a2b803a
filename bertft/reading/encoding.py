"""Bytes come in; the name of their encoding goes out. A wrong guess is worse than an error: every guess must be
plausible.

In order: byte order mark; the zero bytes of UTF-16; strict UTF-8 over the whole file; then, for what is not
UTF-8, GB18030 and Big5 where most characters are common ones (the 3,755 of GB 2312 level 1 and the 5,401 of Big5
level 1 make up well over nine tenths of running text), Windows-1252 where accented letters stand singly among
plain ones. Korean, Japanese and Cyrillic encodings fail all of these, and the message asks for --encoding."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable

from bertft.errors import DataError
from bertft.reading.intake import Intake, reading_explained

_CHUNK = 1 << 20
SAMPLE_BYTES = 1 << 20
COMMON_SHARE = 0.8
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
SHOWN = {"gb18030": "GB18030", "big5": "Big5", "cp950": "Big5 (cp950)", "big5hkscs": "Big5 (HKSCS)"}

UTF8_CHARACTER = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
GB_CHARACTER = re.compile(rb"[\x81-\xfe][0-9][\x81-\xfe][0-9]|[\x81-\xfe][\x40-\x7e\x80-\xfe]")
GB_COMMON = re.compile(rb"[\xa1-\xa3\xb0-\xd7][\xa1-\xfe]")
BIG5_CHARACTER = re.compile(rb"[\x81-\xfe][\x40-\x7e\xa1-\xfe]")
BIG5_COMMON = re.compile(rb"[\xa1-\xc6].", re.DOTALL)
HIGH_RUN = re.compile(rb"[\x80-\xff]+")
# Signs that Windows-1252 never has inside a word: ¡ to © and so on; Polish, Czech or Mac texts have letters there.
SIGN_IN_WORD = re.compile(
    rb"(?<=[A-Za-z])[\x80\x82-\x89\x8b\x95\x98\x99\x9b\xa1-\xa9\xab\xac\xae-\xb4\xb8\xb9\xbb-\xbf](?=[a-z])"
)


def find_encoding(intake: Intake) -> str:
    """A Python codec name, as utf-8 or gb18030. Where reading twice is impossible, the head is judged."""
    for mark, name in MARKS:
        if intake.head.startswith(mark):
            return name
    return _utf16_without_mark(intake) or ("utf-8" if _decodes(intake, "utf-8") else _legacy_encoding(intake))


def shown_encoding(codec: str) -> str:
    return SHOWN.get(codec, codec.upper() if codec.startswith("utf") else codec)


def codec_for_reading(encoding: str) -> str:
    """UTF-8 is always read so that a mark at the start falls away."""
    return "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding


def bad_bytes_error(intake: Intake, encoding: str, error: UnicodeError, *, line: int) -> DataError:
    """One message for bytes that the encoding does not know, with their line where the file can be read again."""
    if not isinstance(error, UnicodeDecodeError):  # utf-16 and utf-32 without a mark
        return DataError(f"{intake.name}: {error}. Pass --encoding {encoding}-le or {encoding}-be, or another one.")
    if intake.rereadable:
        line = _first_bad_line(intake, encoding)
    byte = error.object[error.start : error.start + 1].hex().upper()
    return DataError(
        f"{intake.name}:{line}: byte 0x{byte} is not {shown_encoding(encoding)}. "
        f"Pass --encoding with the file's own encoding (gb18030, big5, cp1252 ...), or fix that line."
    )


def _utf16_without_mark(intake: Intake) -> str | None:
    """ASCII in UTF-16 has a zero byte on one side only, and there is always some: delimiters, quotes, newlines."""
    head = intake.head[: len(intake.head) & ~1]
    even, odd = head[0::2].count(0), head[1::2].count(0)
    few, many = sorted((even, odd))
    if many == 0 or many * 100 < len(head) or few * 20 > many:
        return None
    name = "utf-16-le" if odd > even else "utf-16-be"
    text = head.decode(name, "replace")
    ends_lines = any(end in text for end in "\r\n") or not any(end in head for end in b"\r\n")
    return name if ends_lines and "\ufffd" not in text[:-1] and "\0" not in text else None


def _decodes(intake: Intake, encoding: str) -> bool:
    """True if every byte of the file is good in this encoding (of the head, where the rest cannot be read twice)."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        if not intake.rereadable:
            decoder.decode(intake.head, final=intake.whole)
            return True
        with reading_explained(intake.name), intake.open() as stream:
            while chunk := stream.read(_CHUNK):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _legacy_encoding(intake: Intake) -> str:
    sample = _lines_beyond_ascii(intake)
    if _mostly_utf8(sample):
        raise _stray_bytes(intake)
    judges: list[tuple[Callable[[bytes], bool], tuple[str, ...]]] = [
        (_looks_simplified, ("gb18030",)),
        (_looks_traditional, ("big5", "cp950", "big5hkscs")),
        (_looks_western, ("cp1252",)),
    ]
    for looks_so, codecs_to_try in judges:
        if looks_so(sample):
            for codec in codecs_to_try:
                if _decodes(intake, codec):
                    return codec
    line = _first_bad_line(intake, "utf-8") if intake.rereadable else 1
    raise DataError(
        f"{intake.name}:{line}: not UTF-8, and the encoding cannot be told with confidence. "
        f"Pass --encoding (cp1252, cp1251, gb18030, big5, shift_jis, euc_kr ...)."
    )


def _lines_beyond_ascii(intake: Intake) -> bytes:
    """Up to 1 MiB of the lines that matter for the question."""
    if not intake.rereadable:
        return b"\n".join(line for line in intake.head.splitlines()[:-1] or [intake.head] if not line.isascii())
    sample = bytearray()
    with reading_explained(intake.name), intake.open() as stream:
        while len(sample) < SAMPLE_BYTES and (line := stream.readline(_CHUNK)):
            if not line.isascii():
                sample += line
    return bytes(sample)


def _mostly_utf8(sample: bytes) -> bool:
    high = sum(map(len, HIGH_RUN.findall(sample)))
    good = sum(map(len, UTF8_CHARACTER.findall(sample)))
    return high > 0 and good > 0.9 * high


def _stray_bytes(intake: Intake) -> DataError:
    line = _first_bad_line(intake, "utf-8") if intake.rereadable else 1
    return DataError(
        f"{intake.name}:{line}: bytes that are not UTF-8 in a file that otherwise is. "
        f"Fix that line, or pass --encoding if the file has another encoding."
    )


def _looks_simplified(sample: bytes) -> bool:
    """Korean EUC-KR has no lead byte above C8 and Japanese EUC-JP a great many A4 (hiragana); Chinese is neither."""
    pairs = GB_CHARACTER.findall(sample)
    common = [pair for pair in pairs if GB_COMMON.fullmatch(pair)]
    hanzi = [pair[0] for pair in common if pair[0] >= 0xB0]
    late = sum(lead > 0xC8 for lead in hanzi)
    kana = sum(pair[0] in (0xA4, 0xA5) for pair in pairs)
    chinese = len(hanzi) < 5 or late > 0.15 * len(hanzi)
    return bool(hanzi) and chinese and kana < 0.1 * len(pairs) and len(common) >= COMMON_SHARE * len(pairs)


def _looks_traditional(sample: bytes) -> bool:
    """Three in five second bytes are high, too; in western text hardly any is, in Korean and Japanese EUC all are."""
    pairs = BIG5_CHARACTER.findall(sample)
    common = sum(BIG5_COMMON.fullmatch(pair) is not None for pair in pairs)
    both_high = sum(pair[1] >= 0x80 for pair in pairs)
    return len(pairs) >= 4 and 0.3 <= both_high / len(pairs) <= 0.9 and common >= COMMON_SHARE * len(pairs)


def _looks_western(sample: bytes) -> bool:
    runs = HIGH_RUN.findall(sample)
    high = sum(map(len, runs))
    in_long_runs = sum(len(run) for run in runs if len(run) > 2)
    return in_long_runs < 0.2 * high and len(SIGN_IN_WORD.findall(sample)) < 0.2 * high


def _first_bad_line(intake: Intake, encoding: str) -> int:
    """Counts lines up to the first byte the encoding does not know, however long they are."""
    decoder, line = codecs.getincrementaldecoder(encoding)("strict"), 1
    with reading_explained(intake.name), intake.open() as stream:
        while chunk := stream.read(_CHUNK):
            state = decoder.getstate()
            try:
                line += decoder.decode(chunk).count("\n")
            except UnicodeDecodeError as error:
                decoder.setstate(state)
                good = chunk[: max(0, error.start - len(state[0]))]
                return line + decoder.decode(good).count("\n")
    return line
