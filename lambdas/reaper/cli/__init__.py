"""The ``reaper`` command: parse, call, render."""
