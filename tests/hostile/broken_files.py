"""All broken files, by theme."""

from __future__ import annotations

import broken_bytes
import broken_columnar
import broken_delimited
import broken_json
import broken_tagged

FILES = (*broken_bytes.FILES, *broken_columnar.FILES, *broken_delimited.FILES, *broken_json.FILES, *broken_tagged.FILES)
