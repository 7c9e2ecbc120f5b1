"""Who is told: the ways a report leaves the program."""
