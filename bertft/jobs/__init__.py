"""What a verb does, from a frozen request to a typed result: one file for each verb, in a folder with those like it. What several
folders share stands beside them. No Typer here, no command line, no printing of results."""
