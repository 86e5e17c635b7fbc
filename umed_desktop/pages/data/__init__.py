"""Building the instruction dataset: what from, by whom, at what cost, and what could not be used."""
