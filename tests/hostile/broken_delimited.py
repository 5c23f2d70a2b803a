"""CSV and TSV files as spreadsheets, dumps, scripts and accidents leave them."""

from __future__ import annotations

from expected import REVIEWS, ROWS, TEXTS, Answered, Broken, Planned, Refused, csv_of

NUMBERED = [f"{text} number {n},{n % 26}" for n, text in enumerate(TEXTS * 13)]

FILES = (
    Broken(
        "ids stand before the text",
        "ids.csv",
        csv_of("id,text,label", *(f"r{n},{row}" for n, row in enumerate(ROWS))),
        train=Planned(4),
        predict=Answered(*TEXTS),
    ),
    Broken(
        "links and dates stand beside the text",
        "links.csv",
        csv_of("url,date,text,label", *(f"https://a.org/{n},2024-01-0{n + 1},{row}" for n, row in enumerate(ROWS))),
        train=Planned(4),
    ),
    Broken(
        "one label of whole numbers is blank",
        "blank_label.csv",
        csv_of("text,label", *(f"{text} {n},{n % 2}" for n, text in enumerate(TEXTS * 2)), "very cold dish,"),
        train=Planned(9),
    ),
    Broken(
        "scores could be classes",
        "scores.csv",
        csv_of("text,label", *NUMBERED[:51]),
        train=Refused("26 distinct numbers in 'label': regression or classes?", "--regression or --single-label"),
    ),
    Broken(
        "texts read null, NA, None and n/a",
        "null_words.csv",
        csv_of("text", "null", "NA", "None", "n/a", "nan", "NULL", "#N/A"),
        predict=Answered("null", "NA", "None", "n/a", "nan", "NULL", "#N/A"),
    ),
    Broken(
        "cells are empty or blank",
        "blank_cells.csv",
        csv_of("id,text", "1,good", "2,", '3,"  "', "4,bad"),
        predict=Answered("good", "", "  ", "bad"),
    ),
    Broken(
        "only column names",
        "header_only.csv",
        b"text,label\n",
        train=Refused("no row below the column names (text"),
        predict=Answered(),
    ),
    Broken(
        "only one column name and no newline",
        "word.csv",
        b"text",
        predict=Answered(),
        train=Refused("no row below the column names (text"),
    ),
    Broken(
        "only blank lines", "blank.csv", b"\n\n \n", train=Refused("only blank lines"), predict=Refused("blank lines")
    ),
    Broken(
        "only delimiters", "commas.csv", b",,,\n,,,\n,,,\n", train=Refused("only blank"), predict=Refused("only blank")
    ),
    Broken(
        "column names twice",
        "twice.csv",
        csv_of("text,text,label", "good,bad,pos"),
        train=Refused("'text' (2 times)", "--no-header"),
        predict=Refused("'text' (2 times)"),
    ),
    Broken(
        "two files glued together with their headers",
        "glued.csv",
        (REVIEWS + REVIEWS).encode(),
        train=Planned(9),
        predict=Answered(*TEXTS, "text", *TEXTS),
    ),
    Broken(
        "a row too short and one too long",
        "ragged.csv",
        csv_of("id,text,label", "1,good film,pos", "2,bad", "3,fine,song,pos"),
        train=Refused(":3: 2 cells, wanted 3", "2 rows are like this (lines 3, 4)"),
        predict=Refused(":3: 2 cells, wanted 3"),
    ),
    Broken(
        "commas without quotes",
        "unquoted.csv",
        csv_of("text,label", "good, very good film,pos"),
        train=Refused(":2: 3 cells, wanted 2", "Put quotes around"),
    ),
    Broken(
        "a quote is never closed",
        "open_quote.csv",
        csv_of("text,label", '"good film,pos', "bad book,neg"),
        train=Refused(":2:", "never closed"),
        predict=Refused(":2:", "never closed"),
    ),
    Broken(
        "a quote stands inside a quoted cell",
        "inner_quote.csv",
        csv_of("text,label", '"a "good" film",pos'),
        train=Refused(":2:", "must be doubled"),
    ),
    Broken(
        "quotes of a tab file do not pair up",
        "quotes.tsv",
        csv_of("text\tlabel", 'a "good film\tpos', 'bad 12" dish\tneg'),
        predict=Answered('a "good film', 'bad 12" dish'),
    ),
    Broken(
        "newlines within quotes, Windows line ends, no last newline",
        "windows.csv",
        b'text,label\r\n"good\r\nfilm",pos\r\nbad book,neg',
        predict=Answered("good\r\nfilm", "bad book"),
    ),
    Broken(
        "old Mac line ends", "mac.csv", b"text,label\rgood film,pos\rbad,neg\r", predict=Answered("good film", "bad")
    ),
    Broken(
        "semicolons part the cells",
        "semicolons.csv",
        REVIEWS.replace(",", ";").encode(),
        train=Planned(4, said="delimiter ';'"),
        predict=Answered(*TEXTS),
    ),
    Broken("tabs in a file called CSV", "tabs.csv", REVIEWS.replace(",", "\t").encode(), train=Planned(4, said="tab")),
    Broken("bars part the cells", "bars.csv", REVIEWS.replace(",", "|").encode(), predict=Answered(*TEXTS)),
    Broken(
        "a spreadsheet's line that names the delimiter",
        "sep.csv",
        b"sep=;\n" + REVIEWS.replace(",", ";").encode(),
        train=Planned(4, said="delimiter ';'"),
        predict=Answered(*TEXTS),
    ),
    Broken(
        "column names are blank",
        "unnamed.csv",
        csv_of(",text,", "1,good,x", "2,bad,y"),
        predict=Answered("good", "bad"),
    ),
    Broken(
        "blank lines between the rows",
        "gaps.csv",
        b"\n\nid,text\n\n1,good\n\n\n2,bad\n\n",
        predict=Answered("good", "bad"),
    ),
    Broken(
        "texts are written from right to left, and with zero width",
        "bidi.csv",
        csv_of("text", "\u202egood\u202c", "g\u200bo\u200cod", "\u200b", "\u0634\u0643\u0631\u0627", "\u00ad"),
        predict=Answered("\u202egood\u202c", "g\u200bo\u200cod", "\u200b", "\u0634\u0643\u0631\u0627", "\u00ad"),
    ),
    Broken(
        "texts would steer a terminal",
        "escapes.csv",
        csv_of("text,label", "good \x1b[31mred,\x1b]0;title\x07", "bad \x08\x08\x08,neg"),
        eval=Refused("\\x1b]0;title\\x07"),
        predict=Answered("good \x1b[31mred", "bad \x08\x08\x08"),
    ),
    Broken(
        "unusual line separators are no line ends",
        "separators.csv",
        csv_of("text", "good\u2028film", "bad\x85book", "fine\x0bsong\x0c", "cold\x1cdish"),
        predict=Answered("good\u2028film", "bad\x85book", "fine\x0bsong\x0c", "cold\x1cdish"),
    ),
    Broken(
        "a cell holds a million digits and then a letter",
        "digits.csv",
        csv_of(
            "text,label", f"good film one,{'9' * 1_000_000}x", "bad book two,neg", f"fine song three,{'9' * 1_000_000}x"
        ),
        train=Planned(3),
    ),
    Broken(
        "labels are whole numbers of 5,000 digits",
        "huge_labels.csv",
        csv_of("text,label", *(f"{text} {n},{'7' * 5000}{n % 2}" for n, text in enumerate(TEXTS))),
        train=Planned(4),
        flags="--single-label",
    ),
    Broken(
        "scores overflow",
        "overflow.csv",
        csv_of("text,label", "good film one,1e999", "bad book two,-1e999", "fine song three,0.5"),
        train=Refused("--regression wants numbers, but 'label' holds '1e999'"),
        flags="--regression",
    ),
    Broken(
        "cells hold JSON beyond any depth",
        "deep_cells.csv",
        csv_of("text,label", f"good film one,{'[' * 5000}{']' * 5000}", "bad book two,neg", "fine song three,neg"),
        train=Planned(3),
        predict=Answered("good film one", "bad book two", "fine song three"),
    ),
    Broken(
        "every label is different",
        "names.csv",
        csv_of("text,label", *(f"{text},name {n} of it" for n, text in enumerate(TEXTS))),
        train=Refused("no column looks like a label", "--label COLUMN"),
    ),
    Broken(
        "no column is text",
        "numbers.csv",
        csv_of("a,b", "1,2", "3,4"),
        train=Refused("'a': ", "--text"),
        predict=Refused("no column 'text'"),
    ),
    Broken(
        "an answer stands there already",
        "answered.csv",
        csv_of("text,predicted_label", "good,pos"),
        predict=Answered("good"),
    ),
    Broken(
        "a web page was saved as CSV",
        "page.csv",
        b"<!DOCTYPE html>\n<html>\n<head><title>404, not found</title></head>\n<body>\n<p>a, b, c</p>\n</body></html>\n",
        train=Refused("page.csv:", "cells"),
        predict=Refused("page.csv:"),
    ),
    Broken(
        "a pointer of git-lfs stands for the file",
        "pointer.csv",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935\nsize 12345\n",
        train=Refused("pointer.csv:"),
        predict=Refused("pointer.csv:"),
    ),
    Broken(
        "comments stand above the columns",
        "notes.csv",
        b"# made by hand\n# in 2024\ntext,label\ngood,pos\n",
        predict=Refused("notes.csv"),
    ),
)
