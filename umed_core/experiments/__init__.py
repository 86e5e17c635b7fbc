"""The paper's tables and figures from one recipe: which arms are trained, what they are asked, how they compare."""
