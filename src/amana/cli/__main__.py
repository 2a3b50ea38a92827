"""`python -m amana.cli` is `amana`."""

from amana.cli import main

main()
