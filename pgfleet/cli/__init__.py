"""The command line: the top layer. Standard output holds the answer and nothing else."""
