"""Texts without labels: files come in, their tokens lie in a file that is mapped into memory, and blocks of them go out.

`documents` reads; `token_file` writes and maps; `blocks` packs. No torch here.
"""

from bertft.corpus.blocks import Blocks, pack
from bertft.corpus.documents import Document, Reading, documents_of
from bertft.corpus.token_file import TokenFile, open_tokens, write_tokens

__all__ = ["Blocks", "Document", "Reading", "TokenFile", "documents_of", "open_tokens", "pack", "write_tokens"]
