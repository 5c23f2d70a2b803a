"""A service that answers in place of a run folder: where it is, what it says of its models, rows out and answers in. No torch.

What comes from there is a stranger's: it is checked before it is used, and it chooses no code and no place."""

from bertft.remote.address import Address, address_of, is_address
from bertft.remote.replies import ServedModel
from bertft.remote.service import Service

__all__ = ["Address", "ServedModel", "Service", "address_of", "is_address"]
