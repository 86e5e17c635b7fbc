"""The library: which studies lie where on this machine, in one private SQLite file. It holds patients' names."""
