"""The window: its parts, its deeds, and the wiring between the session and the widgets."""
