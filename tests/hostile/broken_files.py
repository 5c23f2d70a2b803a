"""All broken files, by theme."""

from __future__ import annotations

import broken_bytes
import broken_columnar
import broken_delimited
import broken_forms
import broken_json
import broken_tagged

THEMES = (broken_bytes, broken_columnar, broken_delimited, broken_forms, broken_json, broken_tagged)
FILES = tuple(file for theme in THEMES for file in theme.FILES)
