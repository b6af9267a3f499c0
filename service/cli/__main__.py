"""`python -m service.cli`: how the archive starts its own children."""

from service.cli.main import main

main()
