"""Measures Jieli as `jieli up` starts it: real processes, real HTTP, both databases."""
