"""How fast it is, and against what: the same model as readable Mesa, and its heaviest phase as plain C."""
