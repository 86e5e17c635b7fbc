"""What must not leave the machine is taken out here: metadata, file names, and text burned into pixels."""
