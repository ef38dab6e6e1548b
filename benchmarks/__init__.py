"""How fast it is, and against what: the same model as readable Mesa, its heaviest phase as plain C, each phase against memory."""
