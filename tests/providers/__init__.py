"""Local servers that behave as the real chat providers are documented to. For tests only."""
