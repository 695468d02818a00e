"""The rules across the steps of a definition, one module for each kind of mistake. Pure."""
