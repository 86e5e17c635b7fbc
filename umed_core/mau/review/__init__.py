"""People judge the built records: an append-only log, who agrees with whom, and the dataset that is left. Qt-free."""
