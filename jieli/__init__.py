"""Jieli (接力): the process engine of a shop's customer-service team."""

__version__ = "0.1.0"
