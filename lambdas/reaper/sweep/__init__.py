"""The imperative shell around the core, through ports only: it reads, it acts, and it decides nothing itself.

:mod:`ports` says what it needs of the outside. :mod:`survey` lists and observes, read-only, on a :mod:`walk` through all
listings. :mod:`remember` asks the ledger what earlier sweeps knew, and :mod:`aftermath` what became of their stops.
:mod:`act` stops what the plan allows, after judging each session once more on fresh facts. :mod:`run` is a whole sweep, or
one of the :mod:`parts` of a long one.
"""
