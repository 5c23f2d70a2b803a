"""From a run and texts to answers: of a file, of a part of it, of a service, of a Python program."""
