"""From a labelled file or a corpus to a run folder: the plan, one training or several, and going on after a stop."""
