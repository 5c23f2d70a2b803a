"""`python -m bertft`."""

from bertft.commands.main import main

if __name__ == "__main__":
    main()
