"""The model, seen from the window: what it will take before it is loaded, and what really runs afterwards."""
