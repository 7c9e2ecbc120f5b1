"""What every sweep saw, kept so that a policy can be tried on the past before it is let loose on the present.

:mod:`rows` is the shape of one recorded session, :mod:`keys` where a sweep's recording lies. :mod:`recorder` writes it
during a sweep, to one of the :mod:`sinks`. :mod:`sources` finds recordings again, and :mod:`reader` gives them back in
order of time. Recordings are gzipped JSON lines under Hive-style dated keys: DuckDB and Athena read them as they lie.
"""
