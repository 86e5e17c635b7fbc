"""What is brought back after a crash and at the next visit: conversations and findings by study, and what was open."""
