"""Findings and answers as files: what is to be written, the dialog that asks for it, and the report as PDF."""
