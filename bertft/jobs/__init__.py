"""What a verb does, from a frozen request to a typed result: one file for each verb, in a folder of its kin; here stands what
all of them share. No Typer here, no command line, no printing of results."""
