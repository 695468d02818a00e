"""`python -m jieli` is the command `jieli`."""

from jieli.cli import main

main()
