"""`python -m slawatch` is the command `slawatch`."""

from slawatch.cli import main

if __name__ == "__main__":
    main()
