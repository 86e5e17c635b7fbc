"""The settings dialog: what a person may choose, and what is kept about them."""
