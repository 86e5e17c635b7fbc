"""The list of what is open, and where a person finds studies."""
