"""Files to MedicalImage, by content and not by suffix; untrusted files are decoded in a limited child process."""
