"""What a verb does, from a frozen request to a typed result: one file for each verb, and the planning that they share. No Typer
here, no command line, no printing of results."""
