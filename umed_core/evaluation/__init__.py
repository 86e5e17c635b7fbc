"""How good are a model's answers and boxes: measures, the run that collects answers, and its tables. Torch-free."""
