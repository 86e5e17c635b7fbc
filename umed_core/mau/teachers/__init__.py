"""Who answers `umed build-mau`: our own wording, a server that speaks OpenAI's interface, or a model on this machine."""
