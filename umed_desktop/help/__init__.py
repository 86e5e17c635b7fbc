"""What a person turns to when something is unclear or went wrong: keys and mouse, versions and licences, the window's log."""
