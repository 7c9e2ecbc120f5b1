"""The decisions, pure: values in, values out, time is an argument, nothing is read or written.

In flow order: a :mod:`session` is known through its :mod:`facts`. A :mod:`policy` file is loaded strictly and compiled to
closures over those facts. :mod:`judge` says what the policies want of one session, or which facts it still needs to know.
:mod:`guards` and :mod:`plan` decide which of the wanted stops are allowed in one sweep. :mod:`report` is what people and
machines are told of it. Logic is three-valued throughout: what cannot be known stops nothing.
"""
