"""What runs are worth: scores on labelled rows, runs beside each other, pages that show them, counts of their networks."""
