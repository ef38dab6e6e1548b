"""The command `letsdance`."""
