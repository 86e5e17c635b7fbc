"""Archives in the window: which there are, what is fetched from them, what is sent to them. Nothing connects by itself."""
