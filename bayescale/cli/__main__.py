"""``python -m bayescale.cli`` is the command line."""

from bayescale.cli import main

if __name__ == "__main__":
    main()
