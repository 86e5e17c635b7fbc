"""Who says how well an answer fits the reference (r_LLM, Eq. 3): our own reader, a server's model, or a local one.

`embedded`, `openai_compatible` and `trials` load no torch; `local` does.
"""
