"""One file for each source: what is known of its data and how they are read."""
