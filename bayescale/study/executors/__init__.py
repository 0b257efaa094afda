"""Who makes the fits of a study: processes of this machine, or workers of a Dask cluster."""
