"""How fast it is, and against what: the same model as readable Mesa, its heaviest phase as plain C, and memory."""
