"""`python -m autocnn`."""

from autocnn.cli.main import main

if __name__ == "__main__":
    main()
