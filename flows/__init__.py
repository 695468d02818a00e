"""Prefect flows: the case as it runs, the clock, the scheduled processes."""
