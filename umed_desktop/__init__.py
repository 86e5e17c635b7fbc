"""The window: a reading room for medical images beside a model that runs in its own process."""
