"""One verb, one file: a frozen request in, a typed result out. No Typer here, no command line, no printing of results."""
