"""The door from a checkout: `python cli.py train …`, `accelerate launch cli.py train …`. The commands: bertft/commands."""

from bertft.commands.main import main

if __name__ == "__main__":
    main()
