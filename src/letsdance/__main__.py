"""`python -m letsdance`: the command."""

from letsdance.commands.main import main

if __name__ == "__main__":  # a worker process that is started anew imports this file under another name
    main()
