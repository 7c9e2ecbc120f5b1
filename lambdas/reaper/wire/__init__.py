"""What leaves the program and comes back into it, typed: reports and digests, events, continuations, plan files.

One module for each document, and :mod:`reaper.wire.codec`, which alone turns them into JSON and back: a document is validated
once, where it enters. The JSON Schemas in ``schema/`` are made from these types by :mod:`reaper.wire.schemas`; the docstring
of a field is what they say of it.
"""
