"""Training from a recipe: started, watched, paused and gone on with."""
