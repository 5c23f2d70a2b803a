"""A service over HTTP: requests in, answers out. It knows networks only as what answers (`work.py`), and no task."""
