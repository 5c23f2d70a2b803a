"""What stands on a network beyond transformers: a CRF, a BiLSTM. Each is a file here, with a class that derives from Extra and
says all that the rest of the package has to know of it; nothing else names one.

The network inside stays as transformers made it, so what it saves opens in its Auto class.
"""

from bertft.model.extras.extended import ExtendedNetwork, add_extras, extra_of, extras_of, transformers_part
from bertft.model.extras.extra import Extra
from bertft.model.extras.files import answers_without_head, load_extras, save_extras

__all__ = [
    "ExtendedNetwork",
    "Extra",
    "add_extras",
    "answers_without_head",
    "extra_of",
    "extras_of",
    "load_extras",
    "save_extras",
    "transformers_part",
]
