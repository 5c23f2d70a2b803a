"""Runs that answer over HTTP: which ones, by which options, and what a request asks of them."""
