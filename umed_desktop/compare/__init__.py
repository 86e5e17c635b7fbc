"""Two models on one study: the state, the side-by-side view, and its export."""
