"""The imperative shell around the core, through ports only: it reads, it acts, and it decides nothing itself.

:mod:`run` is a whole sweep, or one of the :mod:`parts` of a long one, as its :mod:`instructions` say. :mod:`ports` says what
it needs of the outside. :mod:`survey` lists and observes, read-only, on a :mod:`walk` through all listings, and
:mod:`lookups` counts what could not be read. :mod:`remember` asks the ledger what earlier sweeps knew, and :mod:`aftermath`
what became of their stops; :mod:`announce` writes there what is about to be done, and what came of it. :mod:`act` stops what
the plan allows, after one more look at each session (:mod:`recheck`).
"""
