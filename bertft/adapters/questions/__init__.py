"""Answers to questions about a context."""
