"""The instant engine: exact draws of small posteriors in NumPy, without compiling."""
