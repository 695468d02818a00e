"""Prefect tasks: carry out one thing that a case asked for, and say in the store how it went."""
