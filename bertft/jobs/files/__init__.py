"""What a labelled file is: its faults, and the same rows in another form."""
