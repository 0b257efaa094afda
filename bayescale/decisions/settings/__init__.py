"""Settings of planned runs: what says them, what other settings lose, and steps against compute over batch sizes."""
