"""Between a run folder and a hub of models: what is fetched, what is shown to the public, what is refused."""
