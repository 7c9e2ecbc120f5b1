"""`python -m localcloud serve`: the embedded cloud as a process of its own."""

from localcloud.launcher import main

main()
