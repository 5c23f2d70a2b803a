"""What is in this file? From the names and the looks of its columns to a task. Every guess names its flag."""

from bertft.guess.task import Guess, guess

__all__ = ["Guess", "guess"]
