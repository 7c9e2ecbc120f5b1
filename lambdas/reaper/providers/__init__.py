"""One folder per service: its ``spec`` (data) and its ``provider`` (discover, observe, stop). See :mod:`.catalog`."""
